import {UniqueIDError} from '../errors.js';

/** What `/getid` reads from the query of a request. */
export interface GetidQuery {
  readonly mode: string;
  readonly range: string;
}

/**
 * Reads `mode` and `range` from a query string, percent-encoded as forms are (`+` is a space). Other
 * parameters are ignored: clients add some to get past caches.
 *
 * @param query what stands behind the `?`, as `node:http` hands it over: one character a byte
 * @throws UniqueIDError `INVALID_REQUEST` where either is missing, repeated or not well-formed UTF-8
 */
export function readGetidQuery(query: string): GetidQuery {
  let mode: string | undefined;
  let range: string | undefined;
  for (let start = 0; start < query.length;) {
    let end = query.indexOf('&', start);
    if (end < 0) end = query.length;
    let equals = query.indexOf('=', start);
    if (equals < 0 || equals > end) equals = end;
    const name = decode(query.slice(start, equals), 'A parameter name');
    if (name === 'mode') {
      if (mode !== undefined) throw repeated(name);
      mode = decode(query.slice(equals + 1, end), name);
    } else if (name === 'range') {
      if (range !== undefined) throw repeated(name);
      range = decode(query.slice(equals + 1, end), name);
    }
    start = end + 1;
  }
  if (mode === undefined) throw missing('mode');
  if (range === undefined) throw missing('range');
  return {mode, range};
}

const plainText = /^[\x00-\x24\x26-\x2a\x2c-\x7e]*$/;

const utf8 = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true});

function decode(encoded: string, name: string): string {
  // Nearly every request: no escape, no plus, nothing beyond ASCII.
  if (plainText.test(encoded)) return encoded;
  try {
    return utf8.decode(Buffer.from(unescapeBytes(encoded), 'latin1'));
  } catch (error) {
    throw new UniqueIDError('INVALID_REQUEST', `${name} is not well-formed UTF-8 in percent-encoding.`, {
      cause: error,
      hint: 'Percent-encode the UTF-8 bytes of each parameter.',
    });
  }
}

/** Bytes, one character each. A `%` that begins no code stands for itself, as in Python's `unquote_plus`. */
function unescapeBytes(encoded: string): string {
  return encoded
    .replaceAll('+', ' ')
    .replaceAll(/%([0-9a-f]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

function repeated(name: string): UniqueIDError {
  return new UniqueIDError('INVALID_REQUEST', `${name} is given more than once.`, {hint: example});
}

function missing(name: string): UniqueIDError {
  return new UniqueIDError('INVALID_REQUEST', `${name} is missing.`, {hint: example});
}

const example = 'Ask for /getid?range=10&mode=file.';
