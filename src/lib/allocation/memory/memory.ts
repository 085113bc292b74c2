import type {Lineage} from '../../store/store.js';
import type {HighWaterMarks, Mark} from '../high-water-marks.js';
import {formatLine, isWritableMode, placeOf, type Line, type Origin} from './lines.js';
import type {MarksFile} from './marks-file.js';

/** Keeps the high-water marks of one database in a file, so that they outlive this process. */
export class MarkMemory {
  readonly #file: MarksFile | undefined;
  readonly #marks: HighWaterMarks;
  readonly #place: string;
  /** The number of the last raise by key of the mode, as they are counted in `raises`. */
  readonly #raisedAt = new Map<string, number>();
  #raises = 0;
  #identity = 0;
  #pending = '';
  /** True if the file lacks marks that this process knows. */
  #isBehind = false;

  /**
   * @param file `undefined` if marks live in this process only
   * @param marks receives the marks in the file
   */
  constructor(file: MarksFile | undefined, marks: HighWaterMarks, location: string) {
    this.#file = file;
    this.#marks = marks;
    this.#place = placeOf(location);
    if (file !== undefined) file.isOwn = this.#isOwn;
  }

  /** Why the marks are not kept in the file; completes the sentence "The file …". */
  get problem(): string | undefined {
    return this.#file?.problem;
  }

  /** The lines of the file that were ignored because they are damaged. */
  get damagedLines(): number {
    return this.#file?.damagedLines ?? 0;
  }

  get path(): string | undefined {
    return this.#file?.path;
  }

  /** Reads all marks of a database with this identity, or of its place. */
  start({identity = 0}: Lineage): void {
    this.#identity = identity;
    this.#file?.reopen(this.#apply, true);
  }

  /** Returns true if the marks are those of a database with this identity. */
  isOf({identity = 0}: Lineage): boolean {
    return identity === this.#identity;
  }

  /** Counts the raises by all processes of this file. */
  get raises(): number {
    return this.#raises;
  }

  /** Returns true if a counter was raised after `raises` had this value. */
  wasRaisedSince(mode: string, raises: number): boolean {
    return (this.#raisedAt.get(this.#marks.keyOf(mode)) ?? 0) > raises;
  }

  /**
   * Announces raises before they happen, and learns all marks before them. A process whose mark comes later
   * sees the announcement, and does not issue what it committed before.
   */
  announceRaises(modes: readonly string[]): void {
    for (const mode of modes) {
      this.#noteRaise(mode);
      if (this.#file === undefined || !isWritableMode(mode)) continue;
      this.#pending += this.#line('raise', mode, this.#marks.mark(mode) ?? {epoch: 0, next: 0n});
    }
    this.flush();
    this.poll();
  }

  /** Learns what other processes have written. */
  poll(): void {
    if (this.#file?.poll(this.#apply) === true) this.#isBehind = true;
  }

  /** Notes a mark, which `flush` writes. @returns true if it is higher than the known one */
  record(mode: string, mark: Mark): boolean {
    const isHigher = this.#marks.merge(mode, mark);
    if (isHigher) this.#note(mode, mark);
    return isHigher;
  }

  /** Writes what was noted. It must return before any answer leaves. */
  flush(): void {
    if (this.#pending === '') return;
    if (this.#file?.append(this.#pending) === false) this.#isBehind = true;
    this.#pending = '';
  }

  /** Opens a missing or replaced file again, and writes all marks into one that lacks some. */
  repair(): void {
    const isOpened = this.#file?.reopen(this.#apply) === true;
    if (!isOpened && !this.#isBehind) return;
    // An empty write shows whether the rest is worth its time.
    if (this.#file?.append('') === false) return;
    for (const [mode, mark] of this.#marks.entries()) this.#note(mode, mark);
    this.#isBehind = false;
    this.flush();
  }

  async close(options: {readonly sync: boolean}): Promise<void> {
    this.flush();
    await this.#file?.close(options);
  }

  #noteRaise(mode: string): void {
    this.#raisedAt.set(this.#marks.keyOf(mode), ++this.#raises);
  }

  #note(mode: string, mark: Mark): void {
    if (this.#file !== undefined && isWritableMode(mode)) this.#pending += this.#line('mark', mode, mark);
  }

  #line(kind: 'mark' | 'raise', mode: string, {epoch, next}: Mark): string {
    return formatLine({kind, origin: {identity: this.#identity, epoch, place: this.#place}, mode, next});
  }

  readonly #isOwn = ({identity, place}: Origin): boolean =>
    (identity !== 0 && identity === this.#identity) || place === this.#place;

  readonly #apply = ({kind, mode, next, origin}: Line): void => {
    if (kind === 'unknown' || !this.#isOwn(origin)) return;
    if (kind === 'raise') this.#noteRaise(mode);
    this.#marks.merge(mode, {epoch: origin.epoch, next});
  };
}
