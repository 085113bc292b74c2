import type {UniqueIDError} from '../core/errors.js';
import type {Store} from '../store/store.js';
import {HighWaterMarks} from './high-water-marks.js';
import {regressed} from './rejections.js';
import type {Regression} from './regression.js';

/**
 * Remembers how far this process has handed out each mode, and stops a mode whose counter is found below that: no
 * statement of a database that has gone back can see that it has.
 */
export class RegressionGuard {
  readonly #store: Store;
  readonly #marks: HighWaterMarks;
  readonly #regressions = new Map<string, Regression>();

  /** @param maxModes how many modes the database may hold; 0 for no limit */
  constructor(store: Store, maxModes: number) {
    this.#store = store;
    this.#marks = new HighWaterMarks(maxModes);
  }

  /** One more than the highest integer of a mode that this process has handed out; `undefined` for none. */
  highWaterMark(mode: string): bigint | undefined {
    return this.#marks.get(mode);
  }

  /** The modes in which nothing is handed out because their counters have gone backwards. */
  regressions(): readonly Regression[] {
    return [...this.#regressions.values()];
  }

  /**
   * Notes that `first` to `next - 1` of a mode are about to be handed out, unless this process has done so before.
   *
   * @returns what the callers are answered with where it has
   */
  recordOrReject(mode: string, first: bigint, next: bigint): UniqueIDError | undefined {
    if (first < (this.#marks.get(mode) ?? 0n)) return this.quarantine(mode, first);
    this.#regressions.delete(mode);
    this.#marks.set(mode, next);
    return undefined;
  }

  /**
   * Stops a mode whose counter was found below what this process has handed out; it goes on once the counter is back.
   *
   * @returns what the callers are answered with
   */
  quarantine(mode: string, found: bigint): UniqueIDError {
    const regression = {mode, found, highWaterMark: this.#marks.get(mode) ?? 0n};
    this.#regressions.set(mode, regression);
    return regressed(regression, this.#store.location);
  }

  /**
   * What is wrong with the first mode that is still stopped, after a look at its counter: where a load balancer sends
   * nothing to a service that is not healthy, no request would ever find out that it was mended.
   *
   * @throws UniqueIDError `DATABASE_*`
   */
  async recheckQuarantined(): Promise<UniqueIDError | undefined> {
    for (const regression of this.#regressions.values()) {
      const found = (await this.#store.counter(regression.mode))?.next;
      if (found === undefined || found < regression.highWaterMark)
        return regressed(regression, this.#store.location);
      this.#regressions.delete(regression.mode);
    }
    return undefined;
  }
}
