import {
  chmodSync,
  chownSync,
  closeSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import {dirname} from 'node:path';
import {FORMAT_VERSION, header, isHeader, parseHeader, parseLine, type Line} from './lines.js';
import {rewriteMarks} from './rewrite.js';
import {Tail} from './tail.js';

/** Smallest size at which a file is rewritten. */
const MIN_REWRITE_BYTES = 262_144;

/** A file is rewritten when it has grown by this factor since the last time. */
const REWRITE_FACTOR = 4;

export interface MarksFileOptions {
  readonly path: string;
  /** The file or folder whose owner and permissions a new file gets. */
  readonly model: string;
  /** The most modes that a rewritten file keeps. */
  readonly maxModes: number;
}

/** The suffix of a file that a rewrite has replaced; it may hold the newest lines of a process. */
export const REPLACED_SUFFIX = '-old';

interface OpenMarks {
  readonly descriptor: number;
  readonly inode: bigint;
  readonly tail: Tail;
  readonly isWritable: boolean;
  readonly version: number;
}

interface Rewritten {
  /** The bytes of the new file that hold only known lines. */
  readonly knownBytes: number;
  stragglers: string;
}

/**
 * A file of high-water marks that several processes append to and read. A write is not synced: it survives
 * the end of the process, but not always a power failure. No method throws: `problem` tells what is wrong.
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

/** Opens or creates a file of marks; renames a file aside that is none. */
function openMarks(options: MarksFileOptions, offset: number): OpenMarks {
  const {path} = options;
  const {descriptor, isWritable} = openForAppending(path);
  try {
    const stats = fstatSync(descriptor, {bigint: true});
    if (!stats.isFile()) throw new Error('it is no regular file');
    if (stats.size === 0n && isWritable) startFile(descriptor, options);
    const version = parseHeader(readStart(descriptor));
    if (version !== undefined)
      return {descriptor, inode: stats.ino, tail: new Tail(descriptor, offset), isWritable, version};
    if (!isWritable || readStart(descriptor).startsWith('SQLite format'))
      throw new Error('it is no file of high-water marks');
    setAside(path, descriptor, stats.ino);
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
  closeSync(descriptor);
  return openMarks(options, 0);
}

function openForAppending(path: string): {descriptor: number; isWritable: boolean} {
  try {
    return {descriptor: openSync(path, 'a+', 0o600), isWritable: true};
  } catch (error) {
    const {code = ''} = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') {
      mkdirSync(dirname(path), {recursive: true, mode: 0o700});
      return {descriptor: openSync(path, 'a+', 0o600), isWritable: true};
    }
    if (!['EACCES', 'EROFS', 'EPERM'].includes(code)) throw error;
    return {descriptor: openSync(path, 'r'), isWritable: false};
  }
}

/** Lets the user of the database use the file too, if for example root ran the first `getid`. */
function startFile(descriptor: number, {path, model}: MarksFileOptions): void {
  writeSync(descriptor, header);
  const stats = statSync(model, {throwIfNoEntry: false});
  if (stats === undefined) return;
  chmodSync(path, stats.mode & (stats.isDirectory() && (stats.mode & 0o020) === 0 ? 0o600 : 0o660));
  if (process.getuid?.() === 0) chownSync(path, stats.uid, stats.gid);
}

/** Renames a damaged file, and begins a new one with all its lines that are whole. */
function setAside(path: string, descriptor: number, inode: bigint): void {
  if (inodeOf(path) !== inode) return;
  let kept = header;
  const tail = new Tail(descriptor);
  for (let lines = tail.next(); lines !== undefined; lines = tail.next())
    for (const text of lines) if (parseLine(text) !== undefined) kept += `${text}\n`;
  renameSync(path, `${path}-damaged`);
  const started = openSync(path, 'a', fstatSync(descriptor).mode & 0o666);
  writeSync(started, kept);
  closeSync(started);
}

function readStart(descriptor: number): string {
  const start = Buffer.alloc(64);
  return start.toString('utf8', 0, readSync(descriptor, start, 0, start.length, 0));
}

/** Returns the inode at a path; `undefined` if it cannot be read. */
function inodeOf(path: string): bigint | undefined {
  try {
    return statSync(path, {bigint: true, throwIfNoEntry: false})?.ino;
  } catch {
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? (error as Error).message;
}
