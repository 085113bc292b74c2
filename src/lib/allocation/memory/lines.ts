/**
 * A line of a file of high-water marks. It ends with a checksum, so that a damaged line is ignored. The file
 * is a text of its own: a transaction of SQLite per batch would cost three times as much.
 */
export interface Line {
  /**
   * - `mark`: the mark of the mode is at least `next`.
   * - `raise`: a process is about to raise the counter of the mode to at least `next`.
   * - `reset`: a reset moved the counter to `next`; marks of the mode from before its epoch are void.
   * - `epoch`: all marks of the database were compared with the counters at this epoch.
   * - `compacted`: a rewrite has written `next` bytes before this line. Its place is a random name.
   * - `moved`: the file was rewritten. All earlier lines are in the first `next` bytes of the new file, which
   *   end with the line `compacted` of the same place. Lines that follow belong in that file too.
   */
  readonly kind: 'mark' | 'raise' | 'reset' | 'epoch' | 'compacted' | 'moved';
  readonly origin: Origin;
  /** Empty for `epoch`, `compacted` and `moved`. */
  readonly mode: string;
  readonly next: bigint;
}

/** The database of a line, as its writer knew it. */
export interface Origin {
  /** The identity in the database; 0 without one. */
  readonly identity: number;
  /** The highest epoch that the writer knew. */
  readonly epoch: number;
  /** A hash of the database's path or URL. */
  readonly place: string;
}

/** The version of the format. A newer program must accept all these lines. */
export const FORMAT_VERSION = 1;

const TITLE = 'uniqueid high-water marks';

/** The first line of a file. */
export const header = `${TITLE} ${FORMAT_VERSION}\n`;

/** Returns the version in the first line of a file; `undefined` if it is no file of marks. */
export function parseHeader(text: string): number | undefined {
  const version = text.startsWith(`${TITLE} `) ? /^[0-9]{1,9}$/m.exec(text.slice(TITLE.length + 1)) : null;
  return version?.index === 0 ? Number(version[0]) : undefined;
}

export function isHeader(text: string): boolean {
  return text.startsWith(TITLE);
}

const letters = {mark: 'm', raise: 'v', reset: 'r', epoch: 'e', compacted: 'c', moved: 'x'} as const;

export function formatLine({kind, origin, mode, next}: Line): string {
  const {identity, epoch, place} = origin;
  const text = `${letters[kind]}\t${identity}\t${epoch}\t${place}\t${next}\t${mode}`;
  return `${text}\t${checksum(text, FNV_OFFSET)}\n`;
}

/** Parses one line without its end; returns `undefined` for one that is damaged or of a newer version. */
export function parseLine(text: string): Line | undefined {
  const end = text.lastIndexOf('\t');
  if (end < 0 || checksum(text.slice(0, end), FNV_OFFSET) !== text.slice(end + 1)) return undefined;
  const [letter, identity, epoch, place = '', next = '', mode = ''] = text.slice(0, end).split('\t');
  const origin = {identity: Number(identity), epoch: Number(epoch), place};
  if (letter === 'm') return {kind: 'mark', origin, mode, next: BigInt(next)};
  if (letter === 'v') return {kind: 'raise', origin, mode, next: BigInt(next)};
  if (letter === 'r') return {kind: 'reset', origin, mode, next: BigInt(next)};
  if (letter === 'e') return {kind: 'epoch', origin, mode, next: 0n};
  if (letter === 'c') return {kind: 'compacted', origin, mode, next: BigInt(next)};
  return letter === 'x' ? {kind: 'moved', origin, mode, next: BigInt(next)} : undefined;
}

/** Returns true if a mode can be in a line; only another program can have created any other mode. */
export function isWritableMode(mode: string): boolean {
  return !/[\t\n]/.test(mode);
}

/** Returns a hash of a path or URL, 64 bits: no two databases of one site share it. */
export function placeOf(location: string): string {
  return `${checksum(location, FNV_OFFSET)}.${checksum(location, ~FNV_OFFSET)}`;
}

const FNV_OFFSET = 0x811c9dc5;

/** FNV-1a over the UTF-16 units. */
function checksum(text: string, seed: number): string {
  let hash = seed;
  for (let index = 0; index < text.length; index++)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return (hash >>> 0).toString(36);
}
