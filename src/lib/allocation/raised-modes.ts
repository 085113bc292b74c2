import type {KeyOf} from './memory/spelling.js';
import type {Regression} from './regression.js';

/** The most regressions kept for the status; the metric counts all. */
const MAX_SHOWN = 100;

/** Time for which a raised counter is shown as a warning. */
const SHOWN_MS = 3_600_000;

/** Remembers the counters that were raised to their high-water marks, for operators. */
export class RaisedModes {
  readonly #shown = new Map<string, {readonly regression: Regression; readonly at: number}>();
  /** The start of the last raise by key of the mode, on the clock of `performance.now()`. */
  readonly #startedAt = new Map<string, number>();
  readonly #keyOf: KeyOf;
  #count = 0;

  constructor(keyOf: KeyOf) {
    this.#keyOf = keyOf;
  }

  /** The number of all raises. */
  get count(): number {
    return this.#count;
  }

  /** Notes that counters are about to be raised. */
  start(modes: readonly string[]): void {
    const now = performance.now();
    for (const mode of modes) this.#startedAt.set(this.#keyOf(mode), now);
  }

  /** Returns true if a raise of a mode was started after a moment on the clock of `performance.now()`. */
  wasStartedSince(mode: string, moment: number): boolean {
    return (this.#startedAt.get(this.#keyOf(mode)) ?? -Infinity) > moment;
  }

  add(regression: Regression): void {
    this.#count++;
    this.#shown.delete(regression.mode);
    this.#shown.set(regression.mode, {regression, at: performance.now()});
    const [oldest] = this.#shown.keys();
    if (this.#shown.size > MAX_SHOWN && oldest !== undefined) this.#shown.delete(oldest);
  }

  /** Returns the regressions of the last hour, the newest last. */
  recent(): readonly Regression[] {
    const limit = performance.now() - SHOWN_MS;
    for (const [mode, {at}] of this.#shown) if (at < limit) this.#shown.delete(mode);
    return Array.from(this.#shown.values(), ({regression}) => regression);
  }
}
