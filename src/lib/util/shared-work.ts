/** Different pieces of work that may wait; each is shared by all who ask for it. */
export const MAX_WAITING = 100;

/** After each piece so much longer is left to others than it took: a fifth of the time at most goes to it. */
const PAUSE_FACTOR = 4;
const MAX_PAUSE_MS = 100;

/**
 * Does one piece of work at a time, and shares each with all who ask for the same before it begins. So a question is
 * never answered with what was true before it was asked, and asking often costs no more than asking.
 */
export class SharedWork<T> {
  readonly #waiting = new Map<string, Promise<T>>();
  readonly #tooMuch: () => Error;
  #turn: Promise<void> = Promise.resolve();

  /** @param tooMuch makes the error for work that finds `MAX_WAITING` others waiting */
  constructor(tooMuch: () => Error) {
    this.#tooMuch = tooMuch;
  }

  /**
   * @param key names the work: two pieces with the same key have the same result
   * @throws (as a rejection) the error of `tooMuch`, or what the work throws
   */
  ask(key: string, work: () => Promise<T>): Promise<T> {
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) return waiting;
    if (this.#waiting.size >= MAX_WAITING) {
      return Promise.reject(this.#tooMuch());
    }
    let started = 0;
    const result = this.#turn.then(() => {
      this.#waiting.delete(key);
      started = performance.now();
      return work();
    });
    const pause = (): Promise<void> => rest(PAUSE_FACTOR * (performance.now() - started));
    this.#turn = result.then(pause, pause);
    this.#waiting.set(key, result);
    return result;
  }
}

function rest(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.min(milliseconds, MAX_PAUSE_MS)));
}
