/** Marks kept at most, so that a stranger's modes cannot fill the memory; the ones used longest ago go first. */
const MOST_MARKS = 100_000;

/** How far this process itself has handed out each mode, from which it knows a counter that has gone backwards. */
export class HighWater {
  readonly #marks = new Map<string, bigint>();

  /** One more than the highest integer handed out; `undefined` where this process has handed out none. */
  get(mode: string): bigint | undefined {
    return this.#marks.get(mode);
  }

  has(mode: string): boolean {
    return this.#marks.has(mode);
  }

  raise(mode: string, next: bigint): void {
    // A Map lists in the order of insertion: what is used now goes to the end.
    this.#marks.delete(mode);
    this.#marks.set(mode, next);
    if (this.#marks.size <= MOST_MARKS) return;
    for (const oldest of this.#marks.keys()) {
      this.#marks.delete(oldest);
      return;
    }
  }
}
