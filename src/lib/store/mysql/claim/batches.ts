import {literal} from '../statements.js';

/** MariaDB makes a subquery of lists of 1000 literals or more, which compares them by another collation than the column's. */
const MAX_MODES = 500;

/** Text that a packet of any server takes: `max_allowed_packet` is 1 MiB on the oldest ones, 16 MiB or more by default. */
const MAX_TEXT_BYTES = 256 * 1024;

/** How often a batch writes each mode into its text. */
const COPIES = 3;

/** Cuts rows into batches, each of which goes out as one text. */
export function* batches<T extends {readonly mode: string}>(rows: readonly T[]): Iterable<readonly T[]> {
  let batch: T[] = [];
  let sizeBytes = 0;
  for (const row of rows) {
    // The number beside it has 19 digits at most.
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
