/** Marks kept in each of two generations, so that a stranger's modes cannot fill the memory. */
const MOST_MARKS = 50_000;

/**
 * How far this process itself has handed out each mode, from which it knows a counter that has gone backwards.
 *
 * New marks go into the young generation. When that is full the old one is dropped, and with it only modes that
 * were not used since as many others were. A map that forgets its oldest key each time would have to step over all
 * those it forgot before.
 */
export class HighWater {
  #young = new Map<string, bigint>();
  #old: ReadonlyMap<string, bigint> = new Map();

  /** One more than the highest integer handed out; `undefined` where this process has handed out none. */
  get(mode: string): bigint | undefined {
    return this.#young.get(mode) ?? this.#old.get(mode);
  }

  raise(mode: string, next: bigint): void {
    this.#young.set(mode, next);
    if (this.#young.size < MOST_MARKS) return;
    this.#old = this.#young;
    this.#young = new Map();
  }
}
