import {
  chmodSync,
  chownSync,
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import {dirname} from 'node:path';
import {header, parseHeader, parseLine} from './lines.js';
import {Tail} from './tail.js';

export interface MarksFileOptions {
  readonly path: string;
  /** The file or folder whose owner and permissions a new file gets. */
  readonly model: string;
  /** The most modes that a rewritten file keeps. */
  readonly maxModes: number;
  /** Only reads, and creates no file. */
  readonly readOnly?: boolean;
}

/** An open file of marks. */
export interface OpenMarks {
  readonly descriptor: number;
  readonly inode: bigint;
  readonly tail: Tail;
  readonly isWritable: boolean;
  readonly version: number;
}

/** Opens or creates a file of marks; renames a file aside that is none. */
export function openMarks(options: MarksFileOptions, offset: number): OpenMarks {
  const {path} = options;
  const {descriptor, isWritable} =
    options.readOnly === true ? {descriptor: openSync(path, 'r'), isWritable: false} : openForAppending(path);
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
export function inodeOf(path: string): bigint | undefined {
  try {
    return statSync(path, {bigint: true, throwIfNoEntry: false})?.ino;
  } catch {
    return undefined;
  }
}
