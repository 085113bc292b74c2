import {UniqueIDError} from './errors.js';

/** The largest value of the `index` column, a signed 64-bit integer; the column holds the *next* index. */
export const MAX_COUNTER = 2n ** 63n - 1n;

/** The default of `max_range`, the most integers of one request. */
export const DEFAULT_MAX_RANGE = 1_000_000_000n;

/** A run of integers from `start` to `end`, inclusive. */
export interface IdRange {
  readonly start: bigint;
  readonly end: bigint;
}

/**
 * The answer to a request for zero integers, with the same numbers as the Python service. Pacifica Ingest
 * sends `range=0` for uploads without files and reads only `startIndex`.
 */
export const EMPTY_RANGE: IdRange = {start: -1n, end: -2n};

/**
 * Parses the count of a request.
 *
 * @param text decimal digits, 0 to `maxRange`; leading zeros are allowed, signs and spaces are not
 * @throws UniqueIDError `INVALID_RANGE`, with the valid values
 */
export function parseRange(text: string, maxRange: bigint = DEFAULT_MAX_RANGE): bigint {
  if (!/^[0-9]+$/.test(text)) {
    throw invalidRange(`range must be a whole number in decimal digits, not ${quote(text)}.`, maxRange);
  }
  const digits = text.length > 19 ? text.replace(/^0+(?=[0-9])/, '') : text;
  // More than 19 digits never fit 63 bits; skipping the conversion bounds the time that a long URL costs.
  if (digits.length > 19 || BigInt(digits) > maxRange) {
    throw invalidRange(`range must be at most ${maxRange} (max_range), not ${shorten(digits)}.`, maxRange);
  }
  return BigInt(digits);
}

function invalidRange(message: string, maxRange: bigint): UniqueIDError {
  return new UniqueIDError('INVALID_RANGE', message, {
    hint: `Set range to a whole number from 1 to ${maxRange}.`,
  });
}

/**
 * Formats the answer of the REST API and of `getid`. Its bytes equal those of the Python service: keys in
 * this order, one space after each `:` and `,`.
 */
export function formatRange(range: IdRange): string {
  return `{"endIndex": ${range.end}, "startIndex": ${range.start}}`;
}

/** Quotes a client's text for an answer to that client: shortened, without control characters. */
function quote(text: string): string {
  return text === '' ? 'an empty text' : JSON.stringify(shorten(text));
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
