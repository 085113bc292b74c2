import type {RowDataPacket} from 'mysql2/promise';

/** Counters come as text: bigints to the last digit. A damaged row may hold NULL, or what is no whole number. */
export interface CounterRow extends RowDataPacket {
  readonly mode: string;
  readonly next: string | null;
}

/** A stored value to the last digit; what is no whole number stays as it is, and is no counter. */
export function storedValue({next}: Pick<CounterRow, 'next'>): unknown {
  return next !== null && /^-?\d+$/.test(next) ? BigInt(next) : next;
}
