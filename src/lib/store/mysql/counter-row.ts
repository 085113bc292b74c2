import type {RowDataPacket} from 'mysql2/promise';

/** Counters come as text: bigints to the last digit. */
export interface CounterRow extends RowDataPacket {
  readonly mode: string;
  readonly next: string;
}
