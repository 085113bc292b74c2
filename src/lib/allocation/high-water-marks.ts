import QuickLRU from 'quick-lru';

/** The most marks, also if `max_modes` is larger or sets no limit: 160 MB for modes of 16 characters. */
const MAX_MARKS = 1_000_000;

interface Mark {
  readonly mode: string;
  readonly next: bigint;
}

/**
 * Remembers how far this process itself has handed out each mode: the base for noticing a counter that went backwards.
 *
 * Keeps at least the `maxModes` modes used last, and less than twice as many.
 */
export class HighWaterMarks {
  readonly #marks: QuickLRU<string, Mark>;

  /** @param maxModes how many modes the database may hold; 0 for no limit */
  constructor(maxModes: number) {
    this.#marks = new QuickLRU({maxSize: maxModes === 0 ? MAX_MARKS : Math.min(maxModes, MAX_MARKS)});
  }

  /** One more than the highest integer handed out; `undefined` where this process has handed out none. */
  get(mode: string): bigint | undefined {
    return this.#marks.peek(mode)?.next;
  }

  set(mode: string, next: bigint): void {
    // A slice would keep the whole text of its request in memory, so a mark has a copy for its key.
    const own = this.#marks.peek(mode)?.mode ?? Buffer.from(mode).toString();
    this.#marks.set(own, {mode: own, next});
  }
}
