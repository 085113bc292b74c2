import {closeSync, fstatSync, fsyncSync, writeSync} from 'node:fs';
import {FORMAT_VERSION, isHeader, parseLine, type Line, type Origin} from './lines.js';
import {
  canAppend,
  codeOf,
  inodeOf,
  openForReading,
  openMarks,
  problemOf,
  reasonOf,
  statsAt,
  type KnownPart,
  type MarksFileOptions,
  type OpenMarks,
} from './open-marks.js';
import {REPLACED_SUFFIX, rewriteMarks, rewriteSize} from './rewrite.js';
import {Tail} from './tail.js';

/** The result of reading to the end of a file. */
interface Reading {
  /** Where to go on if the file was rewritten, and the lines that belong there. */
  readonly moved: {readonly known: KnownPart; readonly stragglers: string} | undefined;
  /** The size at its last rewrite, if the line about it was read. */
  readonly compactedBytes: number | undefined;
  readonly damagedLines: number;
}

/** The least time between two rewrites: a thousand busy modes fill a file in a tenth of a second. */
const REWRITE_PAUSE_MS = 1000;

/**
 * A file of high-water marks that several processes append to and read. A write is not synced: it survives
 * the end of the process, but not always a power failure. No method throws: `problem` says what is wrong.
 */
export class MarksFile {
  readonly path: string;
  readonly #options: MarksFileOptions;
  #open: OpenMarks | undefined;
  #problem: string | undefined;
  #rewriteProblem: string | undefined;
  #rewriteAtBytes = 0;
  #rewriting: Promise<void> | undefined;
  #damagedLines = 0;
  /** The time of `performance.now()` from which a large file is rewritten again. */
  #rewriteAfter = -Infinity;
  /** True until a file with damaged lines is rewritten without them. */
  #isDamaged = false;
  /** True if another file was at the path when that was last checked. */
  #isReplaced = false;
  /** If set, only the marks of this mode are read: the command line needs no others. */
  only: string | undefined;
  /** Returns true for a line of the database of this process, whose modes a rewrite bounds. */
  isOwn: (origin: Origin) => boolean = () => false;

  constructor(options: MarksFileOptions) {
    this.path = options.path;
    this.#options = options;
  }

  /** Why marks are not kept, or not all of them; completes the sentence "The file …". */
  get problem(): string | undefined {
    return this.#problem ?? this.#rewriteProblem;
  }

  /** The lines that were ignored because they are damaged. */
  get damagedLines(): number {
    return this.#damagedLines;
  }

  /** The inode of the open file; `undefined` while it is closed. */
  get inode(): bigint | undefined {
    return this.#open?.inode;
  }

  /**
   * Opens the file if it is closed, deleted or truncated, or was replaced before the last call. Passes all of
   * its lines to `onLine`.
   *
   * @param isForced opens it in any case
   * @returns true if it was opened now: it may lack what this process has appended
   */
  reopen(onLine: (line: Line) => void, isForced = false): boolean {
    if (!isForced && this.#isCurrent()) return false;
    this.#closeDescriptor();
    try {
      const {path} = this.#adopt(openMarks(this.#options));
      this.#readReplaced(path, onLine);
      this.poll(onLine);
      return this.#open !== undefined;
    } catch (error) {
      this.#fail(error);
      // A reader needs no file.
      if (this.#options.readOnly === true && codeOf(error) === 'ENOENT') this.#problem = undefined;
      return false;
    }
  }

  /**
   * Passes the lines that other processes have appended since the last call to `onLine`.
   *
   * @returns true if an unknown file was opened, or none: lines of this process and of others may be missing
   */
  poll(onLine: (line: Line) => void): boolean {
    if (this.#open === undefined) return false;
    try {
      const {moved, compactedBytes, damagedLines} = this.#read(this.#open.tail, onLine);
      this.#damagedLines += damagedLines;
      this.#isDamaged ||= damagedLines > 0;
      if (compactedBytes !== undefined) this.#rewriteAtBytes = rewriteSize(compactedBytes);
      if (moved === undefined || this.#open.inode === inodeOf(this.path)) {
        this.#rewriteIfNeeded();
        return false;
      }
      this.#closeDescriptor();
      const {path, tail} = this.#adopt(openMarks(this.#options, moved.known));
      const isUnknown = tail.offset === 0;
      if (isUnknown) this.#readReplaced(path, onLine);
      const isWritten = moved.stragglers === '' || this.append(moved.stragglers);
      return this.poll(onLine) || isUnknown || !isWritten;
    } catch (error) {
      this.#fail(error);
      return true;
    }
  }

  /** Appends lines. @returns false if they could not be written */
  append(lines: string): boolean {
    if (this.#open?.isWritable !== true) return false;
    // The line break ends a line that another write left incomplete.
    const bytes = Buffer.from(`\n${lines}`);
    try {
      const written = writeSync(this.#open.descriptor, bytes);
      if (written < bytes.length) throw new Error('the disk is full');
      this.#open.tail.skipOwn(bytes);
      this.#problem = problemOf(this.#open, this.#options);
      return true;
    } catch (error) {
      this.#problem = `cannot be written: ${reasonOf(error)}`;
      return false;
    }
  }

  /** Syncs the file: a clean shutdown survives a power failure. */
  async close(options: {readonly sync: boolean}): Promise<void> {
    await this.#rewriting;
    try {
      if (options.sync && this.#open?.isWritable === true) fsyncSync(this.#open.descriptor);
    } catch (error) {
      this.#fail(error);
    }
    this.#closeDescriptor();
  }

  #isCurrent(): boolean {
    const stats = statsAt(this.path);
    if (this.#open === undefined || stats === undefined) return false;
    const wasReplaced = this.#isReplaced;
    this.#isReplaced = stats.ino !== this.#open.inode;
    // A rewrite links the old file aside, puts its own in place, and then names it in the old one.
    if (this.#isReplaced) return !wasReplaced && fstatSync(this.#open.descriptor).nlink > 0;
    if (stats.size < this.#open.tail.offset) return false;
    return this.#open.isWritable || this.#options.readOnly === true || !canAppend(this.path);
  }

  /** Reads to the end. */
  #read(tail: Tail, onLine: (line: Line) => void): Reading {
    let known: KnownPart | undefined;
    let stragglers = '';
    let compactedBytes: number | undefined;
    let damagedLines = 0;
    for (const lines of tail.chunks(this.only)) {
      for (const text of lines) {
        if (text === '' || isHeader(text)) continue;
        const line = parseLine(text);
        if (line === undefined) damagedLines++;
        else if (line.kind === 'moved') known ??= {name: line.origin.place, bytes: Number(line.next)};
        else if (line.kind === 'compacted') compactedBytes = Number(line.next);
        else {
          if (known !== undefined) stragglers += `${text}\n`;
          onLine(line);
        }
      }
    }
    return {moved: known === undefined ? undefined : {known, stragglers}, compactedBytes, damagedLines};
  }

  #adopt(open: OpenMarks): OpenMarks {
    this.#open = open;
    this.#isReplaced = false;
    this.#isDamaged = false;
    this.#damagedLines += open.damagedLines;
    this.#problem = problemOf(open, this.#options);
    this.#rewriteProblem = undefined;
    // A known part is what the last rewrite has written.
    this.#rewriteAtBytes = rewriteSize(open.tail.offset);
    return open;
  }

  /** Reads what an interrupted rewrite may not have copied. Its damaged lines are known, and stay there. */
  #readReplaced(path: string, onLine: (line: Line) => void): void {
    const descriptor = openForReading(path + REPLACED_SUFFIX);
    if (descriptor === undefined) return;
    try {
      if (fstatSync(descriptor).isFile()) this.#read(new Tail(descriptor), onLine);
    } finally {
      closeSync(descriptor);
    }
  }

  #rewriteIfNeeded(): void {
    const open = this.#open;
    if (open?.isWritable !== true || open.version !== FORMAT_VERSION) return;
    const {offset} = open.tail;
    const isLarge = offset >= this.#rewriteAtBytes && performance.now() >= this.#rewriteAfter;
    if (this.#rewriting !== undefined || !(isLarge || this.#isDamaged)) return;
    this.#isDamaged = false;
    this.#rewriteAfter = performance.now() + REWRITE_PAUSE_MS;
    // Attempts stay rare if it cannot be rewritten; a new file has its own limit.
    if (isLarge) this.#rewriteAtBytes = 2 * offset;
    this.#rewriting = rewriteMarks(open, {maxModes: this.#options.maxModes, isOwn: this.isOwn})
      .then((damagedLines) => {
        // All others were counted when they were read.
        if (this.only !== undefined) this.#damagedLines = Math.max(this.#damagedLines, damagedLines);
      })
      .catch((error: unknown) => {
        // Without damaged lines a small file would be no better.
        if (isLarge) this.#rewriteProblem = `cannot be rewritten and grows: ${reasonOf(error)}`;
      })
      .finally(() => {
        this.#rewriting = undefined;
      });
  }

  #fail(error: unknown): void {
    this.#closeDescriptor();
    this.#problem = `cannot be used: ${reasonOf(error)}`;
  }

  #closeDescriptor(): void {
    if (this.#open === undefined) return;
    const {descriptor} = this.#open;
    this.#open = undefined;
    try {
      closeSync(descriptor);
    } catch {
      // The descriptor is gone either way.
    }
  }
}
