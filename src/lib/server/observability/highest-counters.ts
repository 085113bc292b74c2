import {MAX_COUNTER} from '../../core/range.js';
import {readHighest} from '../../operations/database-status.js';
import type {Counter, Store} from '../../store/store.js';

/** How long one look at the whole table is used. */
const LOOK_TTL_MS = 60_000;

/**
 * Knows which counters of the database are nearest to their end, those that only other services advance included: by one
 * look at the whole table per minute, and by what this process has advanced since.
 */
export class HighestCounters {
  readonly #store: Store;
  #found: readonly Counter[] | undefined;
  #foundAt = -Infinity;
  #look: Promise<readonly Counter[]> | undefined;
  /** The highest value this process has advanced a counter to since the look in use began. */
  #advancedTo = 0n;
  /** The same since the look under way began. */
  #advancedDuringLook = 0n;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Notes where this process has advanced a counter to. Called per mode and commit, so it only compares. */
  note(next: bigint): void {
    if (next > this.#advancedTo) this.#advancedTo = next;
    if (next > this.#advancedDuringLook) this.#advancedDuringLook = next;
  }

  /**
   * Returns the highest counters, as they were a minute ago at most.
   *
   * @throws UniqueIDError (as a rejection) `DATABASE_*`
   */
  async read(): Promise<readonly Counter[]> {
    if (this.#found !== undefined && performance.now() - this.#foundAt < LOOK_TTL_MS) return this.#found;
    this.#look ??= this.#lookAtTable().finally(() => {
      this.#look = undefined;
    });
    return this.#look;
  }

  /**
   * Returns the share of all integers that the highest counter has left, from 0 to 1, and starts a look if the last one is
   * older than a minute. Never waits: whoever watches a service must hear from it while its database is unavailable.
   *
   * @returns `undefined` until a first look has ended
   */
  smallestRemainingShare(): number | undefined {
    this.read().catch(() => undefined);
    if (this.#found === undefined) return undefined;
    const next = this.#found[0]?.next ?? 0n;
    const highest = next > this.#advancedTo ? next : this.#advancedTo;
    return remainingShare(highest);
  }

  async #lookAtTable(): Promise<readonly Counter[]> {
    this.#advancedDuringLook = 0n;
    const found = await readHighest(this.#store);
    this.#found = found;
    this.#foundAt = performance.now();
    // The look has seen all that was committed before it, also that a counter was moved back.
    this.#advancedTo = this.#advancedDuringLook;
    return found;
  }
}

/** The share of all integers that a counter has left, from 0 to 1. */
export function remainingShare(next: bigint): number {
  return Number(MAX_COUNTER - next) / Number(MAX_COUNTER);
}
