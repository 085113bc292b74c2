import type {ModeDocument} from '../../lib/operations/status-document.js';

const MAX_RATES_PER_MODE = 20;

/** Computes how fast each mode is used, from one reading to the next. */
export class Rates {
  #last = new Map<string, bigint>();
  #lastAt = 0;
  #rates = new Map<string, readonly number[]>();

  /** @param now milliseconds of a monotonic clock */
  record(modes: readonly ModeDocument[], now: number): void {
    const seconds = (now - this.#lastAt) / 1000;
    const rates = new Map<string, readonly number[]>();
    for (const {mode, next} of modes) {
      const previous = this.#last.get(mode);
      const history = this.#rates.get(mode) ?? [];
      const isCounted = previous !== undefined && next !== null && seconds > 0;
      // A reset backward does not count as negative use.
      const rate = isCounted ? Math.max(0, Number(next - previous)) / seconds : undefined;
      rates.set(mode, rate === undefined ? history : [...history, rate].slice(-MAX_RATES_PER_MODE));
    }
    this.#rates = rates;
    this.#last = new Map(modes.flatMap(({mode, next}) => (next === null ? [] : [[mode, next] as const])));
    this.#lastAt = now;
  }

  /** Returns integers per second, the newest last; empty before the second reading. */
  of(mode: string): readonly number[] {
    return this.#rates.get(mode) ?? [];
  }
}
