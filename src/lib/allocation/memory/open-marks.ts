import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
  type BigIntStats,
} from 'node:fs';
import {dirname} from 'node:path';
import {createMarks, replaceMarks, type Ownership} from './create.js';
import {FORMAT_VERSION, header, parseHeader, parseLine} from './lines.js';
import {Tail} from './tail.js';

export interface MarksFileOptions {
  readonly path: string;
  /** The file or folder whose owner and permissions a new file gets. */
  readonly model: string;
  /** The most modes of this database that a rewritten file keeps. */
  readonly maxModes: number;
  /** Only reads, and creates no file. */
  readonly readOnly?: boolean;
}

/** An open file of marks. */
export interface OpenMarks {
  readonly descriptor: number;
  /** The path without symbolic links: a rewrite must replace the file and not a link to it. */
  readonly path: string;
  readonly inode: bigint;
  readonly tail: Tail;
  readonly isWritable: boolean;
  readonly version: number;
  /** The lines that were not copied from a file that was renamed aside. */
  readonly damagedLines: number;
}

/** The part of a file whose lines are known from the file that it replaced. */
export interface KnownPart {
  /** The name in its last line; an inode can be used again by a later file. */
  readonly name: string;
  readonly bytes: number;
}

/** More than the first line, and more than a line about a rewrite. */
const EXCERPT_BYTES = 128;

/** Without `O_NONBLOCK`, opening a named pipe waits for its other end. */
const READING = constants.O_RDONLY | constants.O_NONBLOCK;
const APPENDING = constants.O_RDWR | constants.O_APPEND | constants.O_NONBLOCK;

/**
 * Opens or creates a file of marks; renames a file aside that has lost its first line. Begins to read after
 * the known part, or at the start of a file without it.
 */
export function openMarks(options: MarksFileOptions, known?: KnownPart): OpenMarks {
  const path = realPath(options.path);
  const {descriptor, isWritable} = openFile(path, options);
  let damagedLines: number;
  try {
    const {ino: inode, size} = statsOf(descriptor);
    if (size === 0n && isWritable) writeFileSync(descriptor, header);
    const version = parseHeader(readStart(descriptor));
    if (version !== undefined) {
      const tail = new Tail(descriptor, known !== undefined && hasPart(descriptor, known) ? known.bytes : 0);
      return {descriptor, path, inode, tail, isWritable, version, damagedLines: 0};
    }
    // A link may lead to any file of the system.
    const isLink = lstatSync(options.path).isSymbolicLink();
    if (!isWritable || isLink || readStart(descriptor).startsWith('SQLite format'))
      throw new Error('it is no file of high-water marks');
    damagedLines = setAside(path, descriptor, inode);
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
  closeSync(descriptor);
  return {...openMarks(options), damagedLines};
}

/** Opens the file that a rewrite has replaced; returns `undefined` without one. */
export function openForReading(path: string): number | undefined {
  try {
    return openSync(path, READING | constants.O_NOFOLLOW);
  } catch {
    return undefined;
  }
}

/** Returns true if this user may append to a file. */
export function canAppend(path: string): boolean {
  try {
    closeSync(openSync(path, APPENDING));
    return true;
  } catch {
    return false;
  }
}

/** Returns the path without symbolic links; the same path if there is no file. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

interface Opened {
  readonly descriptor: number;
  readonly isWritable: boolean;
}

function openFile(path: string, {model, readOnly = false}: MarksFileOptions): Opened {
  if (readOnly) return {descriptor: openSync(path, READING), isWritable: false};
  const existing = openExisting(path);
  if (existing !== undefined) return existing;
  mkdirSync(dirname(path), {recursive: true, mode: 0o700});
  try {
    const descriptor = createMarks(path, ownershipLike(model));
    return {descriptor, isWritable: true};
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    const created = openExisting(path);
    if (created === undefined) throw new Error('it is a symbolic link to a missing file');
    return created;
  }
}

/** Lets the users of the database use the file too, if for example root ran the first `getid`. */
function ownershipLike(model: string): Ownership | undefined {
  const stats = statSync(model, {throwIfNoEntry: false});
  if (stats === undefined) return undefined;
  const isPrivateFolder = stats.isDirectory() && (stats.mode & 0o020) === 0;
  return {uid: stats.uid, gid: stats.gid, mode: stats.mode & (isPrivateFolder ? 0o600 : 0o660)};
}

function openExisting(path: string): Opened | undefined {
  try {
    return {descriptor: openSync(path, APPENDING), isWritable: true};
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT') return undefined;
    if (!['EACCES', 'EROFS', 'EPERM'].includes(code)) throw error;
    return {descriptor: openSync(path, READING), isWritable: false};
  }
}

function statsOf(descriptor: number): BigIntStats {
  const stats = fstatSync(descriptor, {bigint: true});
  if (!stats.isFile()) throw new Error('it is no regular file');
  return stats;
}

/**
 * Renames a damaged file, and begins a new one with all its lines that are whole.
 *
 * @returns the number of the others, at least 1: the first line is one of them
 */
function setAside(path: string, damaged: number, inode: bigint): number {
  const replacement = `${path}-new`;
  rmSync(replacement, {force: true});
  const descriptor = createMarks(replacement, fstatSync(damaged));
  let damagedLines = 0;
  try {
    const tail = new Tail(damaged);
    for (const lines of tail.chunks()) {
      let whole = '';
      for (const text of lines) {
        const kind = parseLine(text)?.kind;
        if (kind === undefined && text !== '') damagedLines++;
        else if (kind !== undefined && kind !== 'moved') whole += `${text}\n`;
      }
      writeFileSync(descriptor, whole);
    }
    if (inodeOf(path) === inode) replaceMarks(path, replacement, '-damaged');
    return Math.max(1, damagedLines);
  } finally {
    closeSync(descriptor);
    rmSync(replacement, {force: true});
  }
}

function hasPart(descriptor: number, {name, bytes}: KnownPart): boolean {
  const start = Math.max(0, bytes - EXCERPT_BYTES);
  const line = parseLine(
    readAt(descriptor, start, bytes - start)
      .split('\n')
      .at(-2) ?? '',
  );
  return line?.kind === 'compacted' && line.origin.place === name;
}

function readStart(descriptor: number): string {
  return readAt(descriptor, 0, EXCERPT_BYTES);
}

function readAt(descriptor: number, position: number, length: number): string {
  const excerpt = Buffer.alloc(length);
  return excerpt.toString('utf8', 0, readSync(descriptor, excerpt, 0, length, position));
}

/** Returns the stats of the file at a path; `undefined` if they cannot be read. */
export function statsAt(path: string): BigIntStats | undefined {
  try {
    return statSync(path, {bigint: true, throwIfNoEntry: false});
  } catch {
    return undefined;
  }
}

/** Returns the inode at a path; `undefined` if it cannot be read. */
export function inodeOf(path: string): bigint | undefined {
  return statsAt(path)?.ino;
}

export function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}

/** Returns why marks cannot be kept in a file; completes the sentence "The file …". */
export function problemOf(
  {isWritable, version}: OpenMarks,
  {readOnly = false}: MarksFileOptions,
): string | undefined {
  if (!isWritable && !readOnly) return 'cannot be written: it is read-only';
  if (version > FORMAT_VERSION) return `was written by a newer version of UniqueID (format ${version})`;
  return undefined;
}

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EXDEV: 'it is mounted alone; mount its folder instead',
  EBUSY: 'it is mounted alone; mount its folder instead',
};

export function reasonOf(error: unknown): string {
  const {code = '', message} = error as NodeJS.ErrnoException;
  return reasons[code] ?? (code === '' ? message : code);
}
