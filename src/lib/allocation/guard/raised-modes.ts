import type {Regression} from './regression.js';

/** The most regressions kept for the status; the metric counts all. */
const MAX_SHOWN = 10_000;

/** Time for which a raised counter is shown as a warning. */
const SHOWN_MS = 3_600_000;

/** A request and the comparison of all marks may find the same regression, one after the other. */
const SAME_MS = 5000;

/** Remembers the counters that were raised to their high-water marks, for operators. */
export class RaisedModes {
  readonly #shown = new Map<string, {readonly regression: Regression; readonly at: number}>();
  #count = 0;

  /** The number of all regressions that were added. */
  get count(): number {
    return this.#count;
  }

  /** Adds a regression. @returns false if one of this mode was added just before */
  add(regression: Regression): boolean {
    const {mode} = regression;
    const now = performance.now();
    if (now - (this.#shown.get(mode)?.at ?? -Infinity) < SAME_MS) return false;
    this.#count++;
    this.#shown.delete(mode);
    this.#shown.set(mode, {regression, at: now});
    const [oldest] = this.#shown.keys();
    if (this.#shown.size > MAX_SHOWN && oldest !== undefined) this.#shown.delete(oldest);
    return true;
  }

  /** Returns the regressions of the last hour, the newest last. */
  recent(): readonly Regression[] {
    const limit = performance.now() - SHOWN_MS;
    for (const [mode, {at}] of this.#shown) if (at < limit) this.#shown.delete(mode);
    return Array.from(this.#shown.values(), ({regression}) => regression);
  }
}
