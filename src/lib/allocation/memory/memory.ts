import {epochOf} from '../../store/epochs.js';
import type {Lineage} from '../../store/store.js';
import type {HighWaterMarks, Mark} from '../marks/high-water-marks.js';
import {guardFileDamage, guardFileProblem} from '../rejections.js';
import {formatLine, isWritableMode, placeOf, type Issue, type Line, type Origin} from './lines.js';
import type {MarksFile} from './marks-file.js';

/** A range of integers, `first` to `next - 1`, at an epoch. */
interface Range extends Mark {
  readonly first: bigint;
}

/** Keeps the high-water marks of one database in a file, so that they outlive this process. */
export class MarkMemory {
  readonly #file: MarksFile | undefined;
  readonly #marks: HighWaterMarks;
  readonly #place: string;
  /** Identifies the lines of this process. */
  readonly #writer = Math.random().toString(36).slice(2, 10);
  /** The ranges that other processes have noted since `startClaims`, by key of the mode. */
  #others: Map<string, Range[]> | undefined;
  #isBlind = false;
  #identity = 0;
  /** The epochs of the database when they were last read. */
  #lineage: Lineage | undefined;
  #pending = '';
  /** True if the file lacks marks that this process knows. */
  #isBehind = false;
  #reportedProblem: string | undefined;
  #reportedLines = 0;

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

  /** Returns what an operator should know and no call has returned before: a problem, damaged lines. */
  news(): readonly string[] {
    const {path = '', problem, damagedLines} = this;
    const news: string[] = [];
    if (problem !== undefined && problem !== this.#reportedProblem)
      news.push(guardFileProblem(path, problem));
    this.#reportedProblem = problem;
    if (damagedLines > this.#reportedLines)
      news.push(guardFileDamage(path, damagedLines - this.#reportedLines));
    this.#reportedLines = damagedLines;
    return news;
  }

  /** Takes the epochs of the database, which bound those of lines of other places. */
  noteLineage(lineage: Lineage): void {
    this.#lineage = lineage;
  }

  /** Reads all marks of a database with this identity, or of its place. */
  start(lineage: Lineage): void {
    const {identity = 0} = lineage;
    this.#identity = identity;
    this.#lineage = lineage;
    const {inode} = this.#file ?? {};
    // Reading the same file once more leaves nothing unread.
    if (this.#file?.reopen(this.#apply, true) === true && this.#file.inode !== inode) this.#isBlind = true;
  }

  /** Returns true if the marks are those of a database with this identity. */
  isOf({identity = 0}: Lineage): boolean {
    return identity === this.#identity;
  }

  /**
   * Learns what other processes have noted: their marks are the minimums of the claims that follow. Remembers
   * the ranges that they note from now on.
   */
  startClaims(): void {
    this.poll();
    this.#isBlind = false;
    this.#others = new Map();
  }

  /** Forgets the ranges of other processes: those that this process has claimed are issued or dropped. */
  endClaims(): void {
    this.#others = undefined;
  }

  /**
   * Returns a range that another process has noted since `startClaims` and that shares an integer with this
   * one, at its epoch or a later one. Only a counter that went back grants an integer to both.
   *
   * Each process notes its range before it asks, so that at least one of two sees the range of the other.
   */
  overlapping(mode: string, {first, next, epoch}: Range): Range | undefined {
    const others = this.#others?.get(this.#marks.keyOf(mode));
    return others?.find((other) => other.first < next && first < other.next && other.epoch >= epoch);
  }

  /** True if ranges that others have noted since `startClaims` may be unread: any may be taken. */
  get isBlind(): boolean {
    return this.#isBlind;
  }

  /** Learns what other processes have written. */
  poll(): void {
    if (this.#file?.poll(this.#apply) !== true) return;
    this.#isBehind = true;
    this.#isBlind = true;
  }

  /** Notes a mark, which `flush` writes. @returns true if it is higher than the known one */
  record(mode: string, mark: Mark): boolean {
    const isHigher = this.#marks.merge(mode, mark);
    if (isHigher) this.#note(mode, mark);
    return isHigher;
  }

  /** Notes the range that ends before a mark, for the other processes, whether or not the mark is higher. */
  recordRange(mode: string, first: bigint, mark: Mark): void {
    this.#marks.merge(mode, mark);
    this.#note(mode, mark, {first, writer: this.#writer});
  }

  /** Writes what was noted. It must return before any answer leaves. */
  flush(): void {
    if (this.#pending === '') return;
    if (this.#file?.append(this.#pending) === false) this.#isBehind = true;
    else this.#pending = '';
    // A disk that was full or read-only may have become writable for the database too.
    if (this.#isBehind) this.repair();
    this.#pending = '';
  }

  /** Opens a missing or replaced file again. Writes what was noted and all marks into one that lacks some. */
  repair(): void {
    this.poll();
    const isOpened = this.#file?.reopen(this.#apply) === true;
    if (isOpened) this.#isBlind = true;
    if (!isOpened && !this.#isBehind) return;
    // An empty write shows whether the rest is worth its time.
    if (this.#file?.append('') === false) return;
    for (const [mode, mark] of this.#marks.entries()) this.#note(mode, mark);
    this.#isBehind = this.#file?.append(this.#pending) === false;
    this.#pending = '';
  }

  async close(options: {readonly sync: boolean}): Promise<void> {
    this.flush();
    await this.#file?.close(options);
  }

  #note(mode: string, {epoch, next}: Mark, issued?: Issue): void {
    if (this.#file === undefined || !isWritableMode(mode)) return;
    const origin = {identity: this.#identity, epoch, place: this.#place};
    this.#pending += formatLine({kind: 'mark', origin, mode, next, issued});
  }

  /** Remembers a range of another process if claims are pending. */
  #remember(mode: string, {first, writer}: Issue, {next, epoch}: Mark): void {
    if (this.#others === undefined || writer === this.#writer) return;
    const key = this.#marks.keyOf(mode);
    const others = this.#others.get(key);
    const last = others?.at(-1);
    // A claim may wait for long while another process issues one range after the other.
    if (last?.next === first && last.epoch === epoch) others?.splice(-1, 1, {...last, next});
    else if (others === undefined) this.#others.set(key, [{first, next, epoch}]);
    else others.push({first, next, epoch});
  }

  /**
   * Returns the epoch that a line has for this database. A line of another place may be of a copy with the
   * same identity: a reset of the copy must not make marks void here. If it is the same database by another
   * name, its own epoch shows the reset.
   */
  #epochOf({place, epoch}: Origin, mode: string): number {
    if (place === this.#place || this.#lineage === undefined) return epoch;
    return Math.min(epoch, epochOf(this.#lineage, mode));
  }

  readonly #isOwn = ({identity, place}: Origin): boolean =>
    (identity !== 0 && identity === this.#identity) || place === this.#place;

  readonly #apply = ({kind, mode, next, origin, issued}: Line): void => {
    if (kind !== 'mark' || !this.#isOwn(origin)) return;
    if (issued !== undefined) this.#remember(mode, issued, {epoch: origin.epoch, next});
    this.#marks.merge(mode, {epoch: this.#epochOf(origin, mode), next});
  };
}
