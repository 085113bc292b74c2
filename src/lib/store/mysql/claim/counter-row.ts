import type {RowDataPacket} from 'mysql2/promise';

/** A row with its counter as text, exact to the last digit. A damaged row may hold NULL or a non-integer. */
export interface CounterRow extends RowDataPacket {
  readonly mode: string;
  readonly next: string | null;
}

/** Returns a whole number as an exact bigint, and any other value, which is no valid counter, unchanged. */
export function storedValue({next}: Pick<CounterRow, 'next'>): unknown {
  return next !== null && /^-?\d+$/.test(next) ? BigInt(next) : next;
}
