import {UniqueIDError} from '../../core/errors.js';

/** The parameters that `/getid` reads, decoded. */
export interface GetidQuery {
  readonly mode: string;
  readonly range: string;
}

/** No client needs more; decoding all parameters of a larger query would delay the others. */
const MAX_PARAMETERS = 100;

/**
 * Parses `mode` and `range` from a query string, percent-encoded as forms are (`+` is a space). Ignores other
 * parameters: clients add some to bypass caches.
 *
 * @param query the part after `?`, as `node:http` provides it: one character per byte
 * @throws UniqueIDError `INVALID_REQUEST` if either is missing, repeated or not well-formed UTF-8, or if the
 *   query has more than `MAX_PARAMETERS`
 */
export function parseGetidQuery(query: string): GetidQuery {
  let mode: string | undefined;
  let range: string | undefined;
  const parameters = query.split('&', MAX_PARAMETERS + 1);
  if (parameters.length > MAX_PARAMETERS) throw tooMany();
  for (const parameter of parameters) {
    const equals = parameter.indexOf('=');
    const encodedName = equals < 0 ? parameter : parameter.slice(0, equals);
    const encodedValue = equals < 0 ? '' : parameter.slice(equals + 1);
    const name = decode(encodedName, 'A parameter name');
    if (name === 'mode') {
      if (mode !== undefined) throw repeated(name);
      mode = decode(encodedValue, name);
    } else if (name === 'range') {
      if (range !== undefined) throw repeated(name);
      range = decode(encodedValue, name);
    }
  }
  if (mode === undefined) throw missing('mode');
  if (range === undefined) throw missing('range');
  return {mode, range};
}

const plainText = /^[\x00-\x24\x26-\x2a\x2c-\x7e]*$/;

const utf8 = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true});

function decode(encoded: string, name: string): string {
  // Fast path for nearly every request: no escape, no plus, nothing beyond ASCII.
  if (plainText.test(encoded)) return encoded;
  try {
    return utf8.decode(Buffer.from(unescapeBytes(encoded), 'latin1'));
  } catch (error) {
    throw new UniqueIDError('INVALID_REQUEST', `${name} is not valid percent-encoded UTF-8.`, {
      cause: error,
      hint: 'Percent-encode the UTF-8 bytes of each parameter.',
    });
  }
}

/** Returns bytes, one character each. Keeps a `%` that begins no code, as Python's `unquote_plus` does. */
function unescapeBytes(encoded: string): string {
  return encoded
    .replaceAll('+', ' ')
    .replaceAll(/%([0-9a-f]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

function tooMany(): UniqueIDError {
  return new UniqueIDError('INVALID_REQUEST', `The query has more than ${MAX_PARAMETERS} parameters.`, {
    hint: example,
  });
}

function repeated(name: string): UniqueIDError {
  return new UniqueIDError('INVALID_REQUEST', `${name} is given more than once.`, {hint: example});
}

function missing(name: string): UniqueIDError {
  return new UniqueIDError('INVALID_REQUEST', `${name} is missing.`, {hint: example});
}

const example = 'Use /getid?range=10&mode=file.';
