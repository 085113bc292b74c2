/** Distinct pieces of work that may wait; all callers with the same key share one. */
export const MAX_WAITING = 100;

/** Pause after each piece of work, as a multiple of its time: work takes at most a fifth of the total. */
const PAUSE_FACTOR = 4;
const MAX_PAUSE_MS = 100;

/**
 * Runs one piece of work at a time, and shares each among all callers that request it before it begins. So no
 * caller gets a result from before its request, and frequent requests cost no more than rare ones.
 */
export class SharedWork<T> {
  readonly #waiting = new Map<string, Promise<T>>();
  readonly #overloadError: () => Error;
  #turn: Promise<void> = Promise.resolve();

  /** @param overloadError makes the error for work that finds `MAX_WAITING` others waiting */
  constructor(overloadError: () => Error) {
    this.#overloadError = overloadError;
  }

  /**
   * @param key identifies the work: equal keys must mean equal results
   * @throws (as a rejection) the error of `overloadError`, or the error of the work
   */
  run(key: string, work: () => Promise<T>): Promise<T> {
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) return waiting;
    if (this.#waiting.size >= MAX_WAITING) {
      return Promise.reject(this.#overloadError());
    }
    let started = 0;
    const result = this.#turn.then(() => {
      this.#waiting.delete(key);
      started = performance.now();
      return work();
    });
    const pause = (): Promise<void> => sleep(PAUSE_FACTOR * (performance.now() - started));
    this.#turn = result.then(pause, pause);
    this.#waiting.set(key, result);
    return result;
  }
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.min(milliseconds, MAX_PAUSE_MS)));
}
