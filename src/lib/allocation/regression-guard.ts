import type {UniqueIDError} from '../core/errors.js';
import type {Store} from '../store/store.js';
import {HighWaterMarks} from './high-water-marks.js';
import {regressed} from './rejections.js';
import type {Regression} from './regression.js';

/**
 * Keeps the high-water mark of each mode, and quarantines a mode whose counter is found below its mark. No
 * SQL statement can detect this: a restored database does not know that it has gone back.
 */
export class RegressionGuard {
  readonly #store: Store;
  readonly #marks: HighWaterMarks;
  readonly #regressions = new Map<string, Regression>();

  /** @param maxModes the most modes that the database may hold; 0 for no limit */
  constructor(store: Store, maxModes: number) {
    this.#store = store;
    this.#marks = new HighWaterMarks(maxModes);
  }

  /** Returns one more than the highest integer issued, or `undefined` if this process has issued none. */
  highWaterMark(mode: string): bigint | undefined {
    return this.#marks.get(mode);
  }

  /** Returns the quarantined modes; no integers of them are issued. */
  regressions(): readonly Regression[] {
    return [...this.#regressions.values()];
  }

  /**
   * Raises the high-water mark to `next` before the integers `first` to `next - 1` are issued.
   *
   * @returns the error for the callers if `first` is below the mark, so that some may already be issued
   */
  recordOrReject(mode: string, first: bigint, next: bigint): UniqueIDError | undefined {
    if (first < (this.#marks.get(mode) ?? 0n)) return this.quarantine(mode, first);
    this.#regressions.delete(mode);
    this.#marks.set(mode, next);
    return undefined;
  }

  /**
   * Quarantines a mode whose counter was found below its high-water mark, until the counter is back.
   *
   * @returns the error for the callers
   */
  quarantine(mode: string, found: bigint): UniqueIDError {
    const regression = {mode, found, highWaterMark: this.#marks.get(mode) ?? 0n};
    this.#regressions.set(mode, regression);
    return regressed(regression, this.#store.location);
  }

  /**
   * Reads the counters of quarantined modes and releases those that are back at their high-water marks. A
   * health check calls this, because a load balancer sends no requests to an unhealthy service, so none could
   * find a mode mended.
   *
   * @returns the error of the first mode that stays quarantined
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
