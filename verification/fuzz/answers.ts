/** One answer on a connection. */
export interface WireAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

const headPattern =
  /^HTTP\/1\.1 ([1-5][0-9][0-9]) [A-Za-z' -]+\r\n((?:[!#$%&'*+.^_`|~0-9A-Za-z-]+: [\t\x20-\x7e\x80-\xff]*\r\n)*)\r\n/;

/**
 * Parses all answers that a server sent on one connection; strict.
 *
 * @param text one character per byte
 * @param mayBeCut leaves out a last answer that is not complete
 * @throws Error if the text is not a sequence of well-formed answers
 */
export function readAnswers(text: string, mayBeCut = false): WireAnswer[] {
  const answers: WireAnswer[] = [];
  let rest = text;
  while (rest !== '') {
    const head = headPattern.exec(rest);
    if (head === null && mayBeCut && !rest.includes('\r\n\r\n')) return answers;
    if (head === null) throw new Error(`this is not an answer: ${JSON.stringify(rest.slice(0, 300))}`);
    const [whole, status = '', lines = ''] = head;
    const headers = readHeaders(lines);
    rest = rest.slice(whole.length);
    if (status.startsWith('1')) continue;
    const length = headers.get('content-length');
    if (length === undefined || !/^[0-9]+$/.test(length) || headers.has('transfer-encoding'))
      throw new Error(`the length of this answer is not stated: ${JSON.stringify(whole)}`);
    // An answer to HEAD has no body, and the request is not known here.
    const bytes = rest === '' || rest.startsWith('HTTP/1.1 ') ? 0 : Number(length);
    if (rest.length < bytes && mayBeCut) return answers;
    if (rest.length < bytes) throw new Error(`this answer is cut: ${JSON.stringify(whole + rest)}`);
    answers.push({status: Number(status), headers, body: rest.slice(0, bytes)});
    rest = rest.slice(bytes);
  }
  return answers;
}

function readHeaders(lines: string): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (const line of lines.split('\r\n').slice(0, -1)) {
    const colon = line.indexOf(': ');
    const name = line.slice(0, colon).toLowerCase();
    if (headers.has(name)) throw new Error(`one answer has the header ${name} twice`);
    headers.set(name, line.slice(colon + 2));
  }
  return headers;
}

/** Returns the flaw of an answer of this service, whatever the request was; `undefined` if it has none. */
export function flawOf({status, headers, body}: WireAnswer): string | undefined {
  if (status >= 500 && status !== 503) return `status ${status}: ${body}`;
  if (headers.get('cache-control') !== 'no-store') return 'it may be cached';
  if (status >= 400 && !headers.has('x-request-id')) return 'this error has no request id';
  const type = headers.get('content-type') ?? 'nothing';
  if (type.startsWith('text/plain') && status === 200) return undefined;
  if (type !== 'application/json') return `it is ${type}`;
  if (body === '') return undefined;
  try {
    const parsed = JSON.parse(Buffer.from(body, 'latin1').toString('utf8')) as Record<string, unknown>;
    if (status >= 400 && !String(parsed['status']).startsWith(`${status} `))
      return `its body states another status: ${body}`;
    return undefined;
  } catch {
    return `its body is not JSON: ${body}`;
  }
}
