import {closeSync, constants, fstatSync, fsync, openSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {setImmediate as nextTurn} from 'node:timers/promises';
import {promisify} from 'node:util';
import {isAbove, type Mark} from '../marks/high-water-marks.js';
import {createMarks, replaceMarks} from './create.js';
import {formatLine, isHeader, isWritableMode, parseLine, type Line, type Origin} from './lines.js';
import {inodeOf, type OpenMarks} from './open-marks.js';
import {Tail} from './tail.js';

const syncFile = promisify(fsync);

/** The suffix of a file that a rewrite has replaced; it may hold the newest lines of a process. */
export const REPLACED_SUFFIX = '-old';

/**
 * Smallest size at which a file is rewritten. Smaller files would save a `getid` beside a busy service some
 * milliseconds. But a process that is stopped during two rewrites must drop the ranges that it has claimed.
 */
const MIN_REWRITE_BYTES = 262_144;

/** A file is rewritten when it has grown by this factor since the last time. */
const REWRITE_FACTOR = 4;

/** A rewrite that was interrupted this long ago is forgotten. */
const STALE_MS = 60_000;

/** The lines written between two turns of the event loop. */
const LINES_PER_TURN = 2000;

/** The most entries of all databases in a rewritten file. */
const MAX_KEPT_ENTRIES = 1_000_000;

/** The highest mark of each mode of each database in a file, the oldest first. */
type Entries = Map<string, Line>;

/** Bounds the entries of a rewritten file. */
export interface Bounds {
  /** The most modes of the database of this process. */
  readonly maxModes: number;
  /** Returns true for a line of that database. */
  readonly isOwn: (origin: Origin) => boolean;
}

/**
 * Rewrites a file with one line per mode, and without the oldest modes beyond the bounds. Other processes go
 * on appending to the file that it replaces, until they read the line `moved` there. Lines before that one
 * are copied here, and lines after it by the process that reads them.
 *
 * Does nothing if another process rewrites the file now, or has done so.
 *
 * @returns the number of damaged lines that were left out
 */
export async function rewriteMarks(
  {path, inode}: Pick<OpenMarks, 'path' | 'inode'>,
  bounds: Bounds,
): Promise<number> {
  const rewritten = `${path}-new`;
  if (isBeingWritten(rewritten)) return 0;
  const old = openSync(path, constants.O_RDWR | constants.O_APPEND | constants.O_NOFOLLOW);
  try {
    if (fstatSync(old, {bigint: true}).ino !== inode) return 0;
    rmSync(rewritten, {force: true});
    const descriptor = createMarks(rewritten, fstatSync(old));
    try {
      return await replace(path, {old, rewritten, descriptor}, bounds);
    } finally {
      if (inodeOf(rewritten) === inodeOfOpen(descriptor)) rmSync(rewritten, {force: true});
      closeSync(descriptor);
    }
  } finally {
    closeSync(old);
  }
}

/** Returns the size at which a file is rewritten that the last rewrite left at `compactedBytes`. */
export function rewriteSize(compactedBytes: number): number {
  return Math.max(MIN_REWRITE_BYTES, compactedBytes * REWRITE_FACTOR);
}

interface Files {
  readonly old: number;
  /** The path of the new file, until it is complete. */
  readonly rewritten: string;
  readonly descriptor: number;
}

async function replace(path: string, {old, rewritten, descriptor}: Files, bounds: Bounds): Promise<number> {
  const tail = new Tail(old);
  const {entries, damagedLines} = await collect(tail);
  dropOldest(entries, bounds);
  await writeEntries(descriptor, entries);
  const name = Math.random().toString(36).slice(2);
  writeFileSync(descriptor, noteOf('compacted', name, fstatSync(descriptor).size));
  // Power loss could otherwise empty the new file although it has replaced the old one.
  await syncFile(descriptor);
  // Another process may have taken this rewrite for an interrupted one.
  if (inodeOf(rewritten) !== inodeOfOpen(descriptor)) return 0;
  const knownBytes = fstatSync(descriptor).size;
  replaceMarks(path, rewritten, REPLACED_SUFFIX);
  writeFileSync(old, `\n${noteOf('moved', name, knownBytes)}`);
  const late = await collect(tail);
  await writeEntries(descriptor, late.entries);
  return damagedLines;
}

function noteOf(kind: 'compacted' | 'moved', name: string, bytes: number): string {
  const origin = {identity: 0, epoch: 0, place: name};
  return formatLine({kind, origin, mode: '', next: BigInt(bytes)});
}

/** Returns true if another process rewrites now; a clock that was set back must not prevent it for ever. */
function isBeingWritten(rewritten: string): boolean {
  const stats = statSync(rewritten, {throwIfNoEntry: false});
  return stats !== undefined && Math.abs(Date.now() - stats.mtimeMs) < STALE_MS;
}

function inodeOfOpen(descriptor: number): bigint {
  return fstatSync(descriptor, {bigint: true}).ino;
}

interface Collected {
  readonly entries: Entries;
  readonly damagedLines: number;
}

/** Reads the rest of a file. */
async function collect(tail: Tail): Promise<Collected> {
  const entries: Entries = new Map();
  let damagedLines = 0;
  for (const lines of tail.chunks()) {
    for (const text of lines) {
      const line = parseLine(text);
      if (line === undefined && text !== '' && !isHeader(text)) damagedLines++;
      if (line?.kind === 'mark' && isWritableMode(line.mode)) add(entries, line);
    }
    await nextTurn();
  }
  return {entries, damagedLines};
}

function add(entries: Entries, line: Line): void {
  const {identity, place} = line.origin;
  const key = `${identity}\t${place}\t${line.mode}`;
  const known = entries.get(key);
  // The newest ones are last.
  entries.delete(key);
  entries.set(key, known === undefined || isAbove(markOf(line), markOf(known)) ? line : known);
}

function markOf({origin: {epoch}, next}: Line): Mark {
  return {epoch, next};
}

/** Drops the oldest modes. Another database may hold more modes than this one. */
function dropOldest(entries: Entries, {maxModes, isOwn}: Bounds): void {
  if (entries.size <= Math.min(maxModes, MAX_KEPT_ENTRIES)) return;
  const ownModes = new Set<string>();
  let left = MAX_KEPT_ENTRIES;
  for (const [key, {origin, mode}] of [...entries].reverse()) {
    const isExcess = isOwn(origin) && ownModes.size >= maxModes && !ownModes.has(mode);
    if (isExcess || left === 0) {
      entries.delete(key);
      continue;
    }
    left--;
    if (isOwn(origin)) ownModes.add(mode);
  }
}

async function writeEntries(descriptor: number, entries: Entries): Promise<void> {
  let text = '\n';
  let index = 0;
  for (const {origin, mode, next} of entries.values()) {
    text += formatLine({kind: 'mark', origin, mode, next});
    if (++index % LINES_PER_TURN !== 0) continue;
    writeFileSync(descriptor, text);
    text = '\n';
    await nextTurn();
  }
  writeFileSync(descriptor, text);
}
