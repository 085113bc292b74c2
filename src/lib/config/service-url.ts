import {UniqueIDError} from '../core/errors.js';
import {redactServerUrl} from '../util/text/redact.js';

/** The end of the hint for a URL that contains a secret. */
const TOKEN_HINT = ', and set UNIQUEID_TOKEN to a token of that service';

const scheme = /^[a-z][a-z\d+.-]*:\/\//i;

/** A host with its port, and perhaps a path. An IPv6 address without brackets could end in a port. */
const hostAndPort = /^(?:\[[\da-f:.]+\]|[^\s:/\\[\]]+):\d{1,5}(?:\/.*)?$/i;

/**
 * Parses the address of a service: a URL, or a host with its port, which is spoken to over HTTP. A path in it
 * is kept, but not the `/getid` at the end, which `serve` prints.
 *
 * @returns the URL below which the routes are; it ends in a slash
 * @throws UniqueIDError `USAGE` if that is not the address of a service, or holds more than its address; the
 *   message repeats no password
 */
export function parseServiceUrl(text: string): URL {
  // Rejects any "@": it may end a password, and a "/" in a password ends the host of a parsed URL.
  if (text.includes('@')) throw notServiceUrl(text, 'contains a user or a password', TOKEN_HINT);
  if (/[?#]/.test(text)) throw notServiceUrl(text, 'contains a query or a fragment', TOKEN_HINT);
  const full = scheme.test(text) ? text : hostAndPort.test(text) ? `http://${text}` : '';
  const url = URL.canParse(full) ? new URL(full) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.port === '0')
    throw notServiceUrl(text, 'is not the URL of a service');
  url.pathname = `${url.pathname.replace(/\/(?:getid\/?)?$/, '')}/`;
  return url;
}

function notServiceUrl(text: string, problem: string, hint = ''): UniqueIDError {
  return new UniqueIDError('USAGE', `${JSON.stringify(redactServerUrl(text))} ${problem}.`, {
    hint: `Write HOST:PORT or a URL, such as 127.0.0.1:8051, [::1]:8051 or https://ids.example.org${hint}.`,
  });
}
