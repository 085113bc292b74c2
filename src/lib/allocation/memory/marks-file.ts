import {closeSync, fstatSync, fsyncSync, openSync, writeSync} from 'node:fs';
import {FORMAT_VERSION, isHeader, parseLine, type Line} from './lines.js';
import {inodeOf, openMarks, type MarksFileOptions, type OpenMarks} from './open-marks.js';
import {rewriteMarks} from './rewrite.js';
import {Tail} from './tail.js';

/** Smallest size at which a file is rewritten. */
const MIN_REWRITE_BYTES = 262_144;

/** A file is rewritten when it has grown by this factor since the last time. */
const REWRITE_FACTOR = 4;

/** The suffix of a file that a rewrite has replaced; it may hold the newest lines of a process. */
export const REPLACED_SUFFIX = '-old';

interface Rewritten {
  /** The bytes of the new file that hold only known lines. */
  readonly knownBytes: number;
  stragglers: string;
}

/**
 * A file of high-water marks that several processes append to and read. A write is not synced: it survives
 * the end of the process, but not always a power failure. No method throws: `problem` says what is wrong.
 */
export class MarksFile {
  readonly path: string;
  readonly #options: MarksFileOptions;
  #open: OpenMarks | undefined;
  #problem: string | undefined;
  #rewriteAtBytes = MIN_REWRITE_BYTES;
  #rewriting: Promise<void> | undefined;
  #damagedLines = 0;

  constructor(options: MarksFileOptions) {
    this.path = options.path;
    this.#options = options;
  }

  /** Why marks are not kept, or not all of them; completes the sentence "The file …". */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** The lines that were ignored because they are damaged. */
  get damagedLines(): number {
    return this.#damagedLines;
  }

  /**
   * Opens the file if it is closed, deleted or replaced, and then passes all its lines to `onLine`.
   *
   * @param isForced opens it in any case
   * @returns true if it was opened now: it may lack what this process has appended
   */
  reopen(onLine: (line: Line) => void, isForced = false): boolean {
    if (!isForced && this.#open?.isWritable === true && this.#open.inode === inodeOf(this.path)) return false;
    this.#closeDescriptor();
    try {
      this.#readReplaced(onLine);
      this.#adopt(openMarks(this.#options, 0));
      this.poll(onLine);
      return true;
    } catch (error) {
      this.#fail(error);
      return false;
    }
  }

  /** Passes the lines that other processes have appended since the last call to `onLine`. */
  poll(onLine: (line: Line) => void): void {
    if (this.#open === undefined) return;
    try {
      const rewritten = this.#read(this.#open.tail, onLine);
      if (rewritten === undefined || this.#open.inode === inodeOf(this.path)) return;
      this.#closeDescriptor();
      this.#adopt(openMarks(this.#options, rewritten.knownBytes));
      if (rewritten.stragglers !== '') this.append(rewritten.stragglers);
      this.poll(onLine);
    } catch (error) {
      this.#fail(error);
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
      this.#rewriteIfLarge();
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

  /** Reads to the end. @returns where to go on if the file was rewritten */
  #read(tail: Tail, onLine: (line: Line) => void): Rewritten | undefined {
    let rewritten: Rewritten | undefined;
    for (let lines = tail.next(); lines !== undefined; lines = tail.next()) {
      for (const text of lines) {
        if (text === '' || isHeader(text)) continue;
        const line = parseLine(text);
        if (line === undefined) this.#damagedLines++;
        else if (line.kind === 'moved') rewritten ??= {knownBytes: Number(line.next), stragglers: ''};
        else {
          if (rewritten !== undefined) rewritten.stragglers += `${text}\n`;
          onLine(line);
        }
      }
    }
    return rewritten;
  }

  #adopt(open: OpenMarks): void {
    this.#open = open;
    this.#problem = problemOf(open);
    const {size} = fstatSync(open.descriptor);
    this.#rewriteAtBytes = Math.max(MIN_REWRITE_BYTES, size * REWRITE_FACTOR);
  }

  /** Reads what an interrupted rewrite may not have copied. */
  #readReplaced(onLine: (line: Line) => void): void {
    let descriptor: number;
    try {
      descriptor = openSync(this.path + REPLACED_SUFFIX, 'r');
    } catch {
      return;
    }
    try {
      this.#read(new Tail(descriptor), onLine);
    } finally {
      closeSync(descriptor);
    }
  }

  #rewriteIfLarge(): void {
    const {offset = 0} = this.#open?.tail ?? {};
    if (offset < this.#rewriteAtBytes || this.#open?.version !== FORMAT_VERSION) return;
    this.#rewriteAtBytes = Infinity;
    this.#rewriting = rewriteMarks(this.path, this.#options.maxModes).then(
      () => undefined,
      (error: unknown) => {
        this.#problem = `cannot be rewritten: ${reasonOf(error)}`;
        this.#rewriteAtBytes = offset * REWRITE_FACTOR;
      },
    );
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

function problemOf({isWritable, version}: OpenMarks): string | undefined {
  if (!isWritable) return 'cannot be written: it is read-only';
  if (version > FORMAT_VERSION) return `was written by a newer version of UniqueID (format ${version})`;
  return undefined;
}

function reasonOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? (error as Error).message;
}
