/** Host, port and path: the visible part of a URL after its scheme. The rest may belong to a password. */
const hostAndPath = /^(?:\[[\da-f:.]+\]|[\w.-]+)(?::\d{1,5})?(?:\/\S*)?$/i;

/**
 * Hides user, password, query and fragment of a service's URL, for messages. The text need not be a URL:
 * hides anything that could belong to a secret.
 */
export function redactServerUrl(text: string): string {
  const scheme = /^[a-z][a-z\d+.-]*:\/\//i.exec(text)?.[0] ?? '';
  const at = text.lastIndexOf('@');
  const [rest = ''] = text.slice(at < 0 ? scheme.length : at + 1).split(/[?#]/, 1);
  if (!hostAndPath.test(rest)) return text === '' ? '' : `${scheme}***`;
  return `${scheme}${at < 0 ? '' : '***@'}${rest}`;
}

/** Quotes typed text for a message, without a password or token in it. */
export function quoteTyped(text: string): string {
  return JSON.stringify(redactMessage(text));
}

/** Hides the same in a message that quotes a command line; if in doubt, it hides. */
export function redactMessage(message: string): string {
  const start = message.indexOf('://');
  const end = message.lastIndexOf('@');
  // A password may contain spaces, so everything between the first scheme and the last host is hidden.
  const text = start < 0 || end < start ? message : `${message.slice(0, start)}://***${message.slice(end)}`;
  return text.split(' ').map(redactWord).join(' ');
}

function redactWord(word: string): string {
  const at = word.includes('://') ? -1 : word.lastIndexOf('@');
  const shown = at < 0 ? word : `***${word.slice(at)}`;
  const query = shown.search(/[?#]\S/);
  return query < 0 ? shown : `${shown.slice(0, query + 1)}***`;
}
