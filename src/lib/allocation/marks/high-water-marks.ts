import QuickLRU from 'quick-lru';
import {exactKey, type KeyOf} from './spelling.js';

/** The most marks, even if `max_modes` is larger or unlimited: 165 MB for modes of 16 characters. */
const MAX_MARKS = 1_000_000;

/** The least bound: fewer modes may be allowed than exist, so that none is created. */
const MIN_MARKS = 100_000;

/** Returns how many marks are kept for a number of modes that the database may hold; 0 for no limit. */
export function markLimit(maxModes: number): number {
  return maxModes === 0 ? 0 : Math.max(maxModes, MIN_MARKS);
}

/** The marks of at least this number of modes can be listed, those set last. */
const MAX_NEWEST = 500;

/**
 * The high-water mark of a mode. The marks of all sources merge to the highest: a higher epoch wins, and of
 * two marks with the same epoch, the higher integer. So their order and number do not matter.
 */
export interface Mark {
  /** The epoch of the last reset of the mode that is known to be before the integers of this mark. */
  readonly epoch: number;
  /** One more than the highest integer issued since that reset. */
  readonly next: bigint;
}

interface Stored {
  /** As it was first spelled. */
  readonly mode: string;
  readonly next: bigint;
  /** Missing without a reset: few modes have one, so this costs no memory. */
  readonly epoch?: number;
}

export function isAbove(mark: Mark, other: Mark): boolean {
  return mark.epoch === other.epoch ? mark.next > other.next : mark.epoch > other.epoch;
}

/**
 * The high-water marks of the known modes: a counter found below its mark has gone backwards.
 *
 * Keeps at least the `maxModes` modes used last, and less than twice as many.
 */
export class HighWaterMarks {
  readonly #marks: QuickLRU<string, Stored>;
  /** The marks set last. Listing some of `#marks` would copy all of them. */
  readonly #newest = new QuickLRU<string, Stored>({maxSize: MAX_NEWEST});
  /** Gives the spellings of one counter the same mark. Must be set before the first mark. */
  keyOf: KeyOf = exactKey;

  /** @param maxModes the most modes that the database may hold; 0 for no limit */
  constructor(maxModes: number) {
    this.#marks = new QuickLRU({maxSize: maxModes === 0 ? MAX_MARKS : Math.min(maxModes, MAX_MARKS)});
  }

  /** Returns one more than the highest integer issued, or `undefined` if none is known. */
  get(mode: string): bigint | undefined {
    return this.#stored(mode)?.next;
  }

  /** Returns the epoch of a mark; 0 without a reset or without a mark. */
  epoch(mode: string): number {
    return this.#stored(mode)?.epoch ?? 0;
  }

  mark(mode: string): Mark | undefined {
    const stored = this.#stored(mode);
    return stored && {epoch: stored.epoch ?? 0, next: stored.next};
  }

  /** Returns the marks, those set last first. */
  *entries(): Iterable<readonly [mode: string, mark: Mark]> {
    for (const [, {mode, epoch = 0, next}] of this.#marks.entriesDescending()) yield [mode, {epoch, next}];
  }

  /** Returns up to 500 modes, those whose marks were set last. */
  newest(): readonly string[] {
    return Array.from(this.#newest.entriesDescending(), ([, {mode}]) => mode).slice(0, MAX_NEWEST);
  }

  /** Keeps the higher one of two marks. @returns true if the new one is higher */
  merge(mode: string, mark: Mark): boolean {
    const known = this.mark(mode);
    if (known !== undefined && !isAbove(mark, known)) return false;
    this.set(mode, mark.next, mark.epoch);
    return true;
  }

  set(mode: string, next: bigint, epoch = 0): void {
    // A copy: a slice would keep the whole text of its request in memory.
    const spelling = this.#stored(mode)?.mode ?? Buffer.from(mode).toString();
    const key = this.keyOf(spelling);
    const mark = epoch === 0 ? {mode: spelling, next} : {mode: spelling, next, epoch};
    this.#marks.set(key, mark);
    this.#newest.set(key, mark);
  }

  #stored(mode: string): Stored | undefined {
    return this.#marks.peek(this.keyOf(mode));
  }
}
