import type {Lineage} from '../../store/store.js';
import type {HighWaterMarks} from '../high-water-marks.js';
import {mergeLine} from './entry.js';
import {formatLine, isWritableMode, placeOf, type Line, type Origin} from './lines.js';
import type {MarksFile} from './marks-file.js';

/** Keeps the high-water marks of one database in a file, so that they outlive this process. */
export class MarkMemory {
  readonly #file: MarksFile | undefined;
  readonly #marks: HighWaterMarks;
  readonly #place: string;
  /** The epochs of the known resets by mode. */
  readonly #resets = new Map<string, number>();
  /** The number of the last raise by mode, as they are counted in `raises`. */
  readonly #raisedAt = new Map<string, number>();
  #raises = 0;
  #identity = 0;
  #epoch = 0;
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

  /** The highest epoch at which the marks were compared with the counters, by any process of this file. */
  get knownEpoch(): number {
    return this.#epoch;
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
  start({identity = 0, epoch}: Lineage): void {
    this.#identity = identity;
    this.#file?.reopen(this.#apply, true);
    if (this.#marks.isEmpty) this.recordEpoch(epoch);
  }

  /** Returns true if the marks are those of a database with this identity. */
  isOf({identity = 0}: Lineage): boolean {
    return identity === this.#identity;
  }

  /** Returns the epoch of the last known reset of a mode; 0 without one. */
  resetEpoch(mode: string): number {
    return this.#resets.get(mode) ?? 0;
  }

  /** Counts the raises by all processes of this file. */
  get raises(): number {
    return this.#raises;
  }

  /** Returns true if a counter was raised after `raises` had this value. */
  wasRaisedSince(mode: string, raises: number): boolean {
    return (this.#raisedAt.get(mode) ?? 0) > raises;
  }

  /**
   * Announces raises before they happen, and learns all marks before them. A process whose mark comes later
   * sees the announcement, and does not issue what it committed before.
   */
  announceRaises(modes: readonly string[]): void {
    for (const mode of modes) {
      this.#noteRaise(mode);
      if (this.#file === undefined || !isWritableMode(mode)) continue;
      this.#pending += this.#line('raise', mode, this.#marks.get(mode) ?? 0n);
    }
    this.flush();
    this.poll();
  }

  /** Learns what other processes have written. */
  poll(): void {
    if (this.#file?.poll(this.#apply) === true) this.#isBehind = true;
  }

  /** Notes a mark, which `flush` writes. */
  record(mode: string, next: bigint): void {
    if (this.#file !== undefined && isWritableMode(mode)) this.#pending += this.#line('mark', mode, next);
  }

  /** Notes that a counter was moved back on purpose, which `flush` writes. */
  recordReset(mode: string, next: bigint, epoch: number): void {
    this.#resets.set(mode, epoch);
    if (this.#file === undefined || !isWritableMode(mode)) return;
    this.#pending += formatLine({kind: 'reset', origin: {...this.#origin, epoch}, mode, next});
  }

  /** Notes that all marks were compared with the counters at an epoch. */
  recordEpoch(epoch: number): void {
    if (epoch <= this.#epoch) return;
    this.#epoch = epoch;
    this.#pending += this.#line('epoch', '', 0n);
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
    for (const [mode, epoch] of this.#resets) this.recordReset(mode, this.#marks.get(mode) ?? 0n, epoch);
    for (const [mode, next] of this.#marks.entries()) this.record(mode, next);
    if (this.#epoch > 0) this.#pending += this.#line('epoch', '', 0n);
    this.#isBehind = false;
    this.flush();
  }

  async close(options: {readonly sync: boolean}): Promise<void> {
    this.flush();
    await this.#file?.close(options);
  }

  get #origin(): Origin {
    return {identity: this.#identity, epoch: this.#epoch, place: this.#place};
  }

  #noteRaise(mode: string): void {
    this.#raisedAt.set(mode, ++this.#raises);
  }

  #line(kind: 'mark' | 'raise' | 'epoch', mode: string, next: bigint): string {
    return formatLine({kind, origin: this.#origin, mode, next});
  }

  readonly #isOwn = ({identity, place}: Origin): boolean =>
    (identity !== 0 && identity === this.#identity) || place === this.#place;

  readonly #apply = (line: Line): void => {
    const {kind, mode, origin} = line;
    if (!this.#isOwn(origin)) return;
    if (kind === 'epoch' || kind === 'reset') this.#epoch = Math.max(this.#epoch, origin.epoch);
    if (kind === 'epoch') return;
    if (kind === 'raise') this.#noteRaise(mode);
    const resetEpoch = this.#resets.get(mode) ?? 0;
    const known = {next: this.#marks.get(mode) ?? 0n, epoch: 0, resetEpoch};
    const {next, resetEpoch: newResetEpoch} = mergeLine(known, line);
    if (newResetEpoch > resetEpoch) this.#resets.set(mode, newResetEpoch);
    if (next !== known.next) this.#marks.set(mode, next);
  };
}
