import QuickLRU from 'quick-lru';

/** The most marks, even if `max_modes` is larger or unlimited: 160 MB for modes of 16 characters. */
const MAX_MARKS = 1_000_000;

/** The marks of at least this number of modes can be listed, those set last. */
const MAX_NEWEST = 500;

interface Mark {
  readonly mode: string;
  readonly next: bigint;
}

/**
 * The high-water marks of the known modes: a counter found below its mark has gone backwards.
 *
 * Keeps at least the `maxModes` modes used last, and less than twice as many.
 */
export class HighWaterMarks {
  readonly #marks: QuickLRU<string, Mark>;
  /** The marks set last. Listing some of `#marks` would copy all of them. */
  readonly #newest = new QuickLRU<string, Mark>({maxSize: MAX_NEWEST});

  /** @param maxModes the most modes that the database may hold; 0 for no limit */
  constructor(maxModes: number) {
    this.#marks = new QuickLRU({maxSize: maxModes === 0 ? MAX_MARKS : Math.min(maxModes, MAX_MARKS)});
  }

  /** Returns one more than the highest integer issued, or `undefined` if none is known. */
  get(mode: string): bigint | undefined {
    return this.#marks.peek(mode)?.next;
  }

  /** Returns the marks, those set last first. */
  *entries(): Iterable<readonly [mode: string, next: bigint]> {
    for (const [mode, {next}] of this.#marks.entriesDescending()) yield [mode, next];
  }

  /** Returns up to 500 marks, those set last. */
  newest(): ReadonlyMap<string, bigint> {
    const marks = [...this.#newest.entriesDescending()].slice(0, MAX_NEWEST);
    return new Map(marks.map(([mode, {next}]) => [mode, next]));
  }

  get isEmpty(): boolean {
    return this.#marks.size === 0;
  }

  delete(mode: string): void {
    this.#marks.delete(mode);
    this.#newest.delete(mode);
  }

  set(mode: string, next: bigint): void {
    // The key is a copy: a slice would keep the whole text of its request in memory.
    const key = this.#marks.peek(mode)?.mode ?? Buffer.from(mode).toString();
    const mark = {mode: key, next};
    this.#marks.set(key, mark);
    this.#newest.set(key, mark);
  }
}
