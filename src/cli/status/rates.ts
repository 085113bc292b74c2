import type {ModeDocument} from '../../lib/operations/status-document.js';

/** So many rates are remembered for each mode. */
const HISTORY = 20;

/** How fast each mode is used, from one look to the next. */
export class Rates {
  #last = new Map<string, bigint>();
  #lastAt = 0;
  #rates = new Map<string, readonly number[]>();

  /** @param now in milliseconds, on a clock that nobody sets back */
  record(modes: readonly ModeDocument[], now: number): void {
    const seconds = (now - this.#lastAt) / 1000;
    const rates = new Map<string, readonly number[]>();
    for (const {mode, next} of modes) {
      const before = this.#last.get(mode);
      const history = this.#rates.get(mode) ?? [];
      const isCounted = before !== undefined && next !== null && seconds > 0;
      // A counter that was set back was not used.
      const rate = isCounted ? Math.max(0, Number(next - before)) / seconds : undefined;
      rates.set(mode, rate === undefined ? history : [...history, rate].slice(-HISTORY));
    }
    this.#rates = rates;
    this.#last = new Map(modes.flatMap(({mode, next}) => (next === null ? [] : [[mode, next] as const])));
    this.#lastAt = now;
  }

  /** Integers a second, the newest last; empty before the second look. */
  of(mode: string): readonly number[] {
    return this.#rates.get(mode) ?? [];
  }
}
