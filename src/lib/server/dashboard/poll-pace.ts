/** The shortest time until a page asks again: a sample is taken as often. */
const MIN_POLL_MS = 1000;

/** The longest, whatever the number of pages: in an outage a page must not look healthy for longer. */
const MAX_POLL_MS = 8000;

/** All pages together ask ten times per second, which costs less than 1 % of a processor. */
const SLOT_MS = 100;

/**
 * Decides when each page asks again. Every page gets a time of its own, so more pages ask less often, and no
 * two at once. Nothing has to count the pages: the times of closed ones pass unused.
 */
export class PollPace {
  #lastSlot = -Infinity;

  /**
   * Takes the next free time.
   *
   * @param now milliseconds on any clock
   * @returns the milliseconds until that time
   */
  next(now: number): number {
    const slot = Math.min(Math.max(this.#lastSlot + SLOT_MS, now + MIN_POLL_MS), now + MAX_POLL_MS);
    this.#lastSlot = slot;
    return Math.round(slot - now);
  }
}
