import {MAX_COUNTER} from '../../core/range.js';
import {readHighest} from '../../operations/database-status.js';
import type {Counter, Store} from '../../store/store.js';

/** Time for which the result of one table scan is used. */
const SCAN_TTL_MS = 60_000;

/**
 * Knows which counters of the database are nearest to exhaustion, including those that only other services
 * advance. It scans the table once per minute, and adds what this process has advanced since.
 */
export class HighestCounters {
  readonly #store: Store;
  #highest: readonly Counter[] | undefined;
  #scannedAt = -Infinity;
  #scan: Promise<readonly Counter[]> | undefined;
  /** The highest value this process has advanced a counter to since the scan in use began. */
  #advancedTo = 0n;
  /** The same since the running scan began. */
  #advancedDuringScan = 0n;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Notes a counter that this process advanced. Called per mode and commit, so it only compares. */
  note(next: bigint): void {
    if (next > this.#advancedTo) this.#advancedTo = next;
    if (next > this.#advancedDuringScan) this.#advancedDuringScan = next;
  }

  /**
   * Returns the highest counters, at most a minute old.
   *
   * @throws UniqueIDError (as a rejection) `DATABASE_*`
   */
  async read(): Promise<readonly Counter[]> {
    if (this.#highest !== undefined && performance.now() - this.#scannedAt < SCAN_TTL_MS)
      return this.#highest;
    this.#scan ??= this.#scanTable().finally(() => {
      this.#scan = undefined;
    });
    return this.#scan;
  }

  /**
   * Returns the share of all integers that the highest counter has left, from 0 to 1. Starts a scan if the
   * last one is older than a minute. Never waits: monitoring must work while the database is unavailable.
   *
   * @returns `undefined` until the first scan has ended
   */
  smallestRemainingShare(): number | undefined {
    this.read().catch(() => undefined);
    if (this.#highest === undefined) return undefined;
    const next = this.#highest[0]?.next ?? 0n;
    const highest = next > this.#advancedTo ? next : this.#advancedTo;
    return remainingShare(highest);
  }

  async #scanTable(): Promise<readonly Counter[]> {
    this.#advancedDuringScan = 0n;
    const found = await readHighest(this.#store);
    this.#highest = found;
    this.#scannedAt = performance.now();
    // The scan includes every earlier commit, and also shows if a counter was moved back.
    this.#advancedTo = this.#advancedDuringScan;
    return found;
  }
}

/** Returns the share of all integers that a counter has left, from 0 to 1. */
export function remainingShare(next: bigint): number {
  return Number(MAX_COUNTER - next) / Number(MAX_COUNTER);
}
