import {UniqueIDError} from './errors.js';

/** The largest value of the `index` column: a signed 64-bit integer. It holds the *next* integer to give. */
export const MAX_COUNTER = 2n ** 63n - 1n;

/** The most integers one request may ask for where `max_range` says nothing else. */
export const DEFAULT_MAX_RANGE = 1_000_000_000n;

/** A run of integers, both ends included: `end - start + 1` of them. */
export interface IdRange {
  readonly start: bigint;
  readonly end: bigint;
}

/**
 * The answer to a request for no integers. Pacifica Ingest asks `range=0` for uploads without files and
 * reads only `startIndex`; the Python service answered these very numbers.
 */
export const EMPTY_RANGE: IdRange = {start: -1n, end: -2n};

/**
 * Reads how many integers are asked for.
 *
 * @param text decimal digits, 0 to `maxRange`; leading zeros are allowed, signs and spaces are not
 * @throws UniqueIDError `INVALID_RANGE`, with what would be right
 */
export function parseRange(text: string, maxRange: bigint = DEFAULT_MAX_RANGE): bigint {
  if (!/^[0-9]+$/.test(text)) {
    throw invalidRange(`range must be a whole number in decimal digits, not ${quote(text)}.`, maxRange);
  }
  const digits = text.length > 19 ? text.replace(/^0+(?=[0-9])/, '') : text;
  // Twenty digits never fit 63 bits; not converting them keeps a long URL from costing time.
  if (digits.length > 19 || BigInt(digits) > maxRange) {
    throw invalidRange(
      `range ${shorten(digits)} is larger than the ${maxRange} that one request may take.`,
      maxRange,
    );
  }
  return BigInt(digits);
}

function invalidRange(message: string, maxRange: bigint): UniqueIDError {
  return new UniqueIDError('INVALID_RANGE', message, {
    hint: `Give range as a whole number from 1 to ${maxRange}.`,
  });
}

/**
 * The answer of the REST API and of `getid`, byte for byte as the Python service writes it:
 * keys in this order, one space after each `:` and `,`.
 */
export function formatRange(range: IdRange): string {
  return `{"endIndex": ${range.end}, "startIndex": ${range.start}}`;
}

/** A client's own text, short enough and plain enough to be repeated to it. */
function quote(text: string): string {
  return text === '' ? 'an empty text' : JSON.stringify(shorten(text));
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
