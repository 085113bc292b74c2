import {hash32, hash64} from '../../util/hash.js';

/**
 * A line of a file of high-water marks. It ends with a checksum, so that a damaged line is ignored. The file
 * is a text of its own: a transaction of SQLite per batch would cost three times as much.
 */
export interface Line {
  /**
   * - `mark`: the mark of the mode is at least `next` at its epoch; after a reset, the epoch is higher.
   * - `compacted`: a rewrite has written `next` bytes before this line. Its place is a random name.
   * - `moved`: the file was rewritten. All earlier lines are in the first `next` bytes of the new file, which
   *   end with the line `compacted` of the same place. Lines that follow belong in that file too.
   * - `unknown`: another program wrote it. It has no effect.
   */
  readonly kind: keyof typeof letters | 'unknown';
  readonly origin: Origin;
  /** Empty for `compacted` and `moved`. */
  readonly mode: string;
  readonly next: bigint;
  /** For a mark: the range that its writer issues; missing if it only knows the mark. */
  readonly issued?: Issue | undefined;
}

/** A range from `first` to the integer before the mark, and a random name of the process that issues it. */
export interface Issue {
  readonly first: bigint;
  readonly writer: string;
}

/** The database of a line, as its writer knew it. */
export interface Origin {
  /** The identity in the database; 0 without one. */
  readonly identity: number;
  /** The epoch of the mark. */
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

const letters = {mark: 'm', compacted: 'c', moved: 'x'} as const;
const kinds = new Map(
  Object.entries(letters).map(([kind, letter]) => [letter as string, kind as keyof typeof letters]),
);
// Version 1.0 also noted its raises.
kinds.set('v', 'mark');

export function formatLine({
  kind,
  origin: {identity, epoch, place},
  ...line
}: Line & {readonly kind: keyof typeof letters}): string {
  const {mode, next, issued} = line;
  const range = issued === undefined ? '' : `\t${issued.first}\t${issued.writer}`;
  const text = `${letters[kind]}\t${identity}\t${epoch}\t${place}\t${next}\t${mode}${range}`;
  return `${text}\t${hash32(text)}\n`;
}

/** Parses one line without its end; returns `undefined` for one that is damaged. */
export function parseLine(text: string): Line | undefined {
  const end = text.lastIndexOf('\t');
  if (end < 0 || hash32(text.slice(0, end)) !== text.slice(end + 1)) return undefined;
  const [letter = '', identity, epoch, place = '', next = '', mode = '', first, writer = ''] = text
    .slice(0, end)
    .split('\t');
  const kind = kinds.get(letter);
  const origin = {identity: Number(identity), epoch: Number(epoch), place};
  return kind === undefined
    ? {kind: 'unknown', origin, mode, next: 0n}
    : {kind, origin, mode, next: BigInt(next), ...(first && {issued: {first: BigInt(first), writer}})};
}

/** Returns true if a mode can be in a line; only another program can have created any other mode. */
export function isWritableMode(mode: string): boolean {
  return !/[\t\n]/.test(mode);
}

/** Returns a hash of a path or URL, 64 bits: no two databases of one site share it. */
export function placeOf(location: string): string {
  return hash64(location);
}
