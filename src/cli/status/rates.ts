import {integersPerSecond} from '../../lib/operations/mode-list.js';
import type {ModeDocument} from '../../lib/operations/status-document.js';

export const MAX_RATES_PER_MODE = 20;

/** The last reading of one mode, and its rates so far. */
interface History {
  next: bigint | null;
  at: number;
  readonly rates: number[];
}

/** Computes how fast each mode is used, from one reading to the next. */
export class Rates {
  readonly #histories = new Map<string, History>();

  /** @param now milliseconds of a monotonic clock */
  record(modes: readonly ModeDocument[], now: number): void {
    for (const {mode, next} of modes) {
      const history = this.#histories.get(mode);
      if (history === undefined) {
        this.#histories.set(mode, {next, at: now, rates: []});
        continue;
      }
      const {next: previous, at, rates} = history;
      const rate = integersPerSecond(previous, next, now - at);
      if (rate !== undefined) rates.push(rate);
      if (rates.length > MAX_RATES_PER_MODE) rates.shift();
      history.next = next;
      history.at = now;
    }
  }

  /** Returns integers per second, the newest last; empty before the second reading. */
  of(mode: string): readonly number[] {
    return this.#histories.get(mode)?.rates ?? [];
  }
}
