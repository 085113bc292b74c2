import {literal} from '../statements.js';

/**
 * MariaDB turns IN lists of 1000 or more literals into a subquery, with another collation than the column's.
 */
const MAX_MODES = 500;

/**
 * Fits into a packet of any server: `max_allowed_packet` is 1 MiB on the oldest, by default 16 MiB or more.
 */
const MAX_TEXT_BYTES = 256 * 1024;

/** The number of copies of each mode in the SQL text of a batch. */
const COPIES = 3;

/** Splits rows into batches that each fit into one SQL text. */
export function* batches<T extends {readonly mode: string}>(rows: readonly T[]): Iterable<readonly T[]> {
  let batch: T[] = [];
  let sizeBytes = 0;
  for (const row of rows) {
    // The 24 covers a number of up to 19 digits and its separators.
    const rowBytes = COPIES * (literal(row.mode).length + 24);
    if (batch.length === MAX_MODES || (batch.length > 0 && sizeBytes + rowBytes > MAX_TEXT_BYTES)) {
      yield batch;
      batch = [];
      sizeBytes = 0;
    }
    batch.push(row);
    sizeBytes += rowBytes;
  }
  if (batch.length > 0) yield batch;
}
