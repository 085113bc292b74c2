import {readSync} from 'node:fs';
import {parseLine} from './lines.js';

const CHUNK_BYTES = 65_536;

/** Reads what programs append to an open file, line by line. */
export class Tail {
  readonly #descriptor: number;
  readonly #chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  #offset: number;
  /** The beginning of a line whose end is not written yet. */
  #rest: Buffer = Buffer.alloc(0);
  /** The bytes last appended by this process; not parsed again if they come next. */
  #own: Buffer | undefined;

  /** @param offset where to begin, at the start of a line */
  constructor(descriptor: number, offset = 0) {
    this.#descriptor = descriptor;
    this.#offset = offset;
  }

  /** The bytes read so far: the size of the file at the last reading. */
  get offset(): number {
    return this.#offset;
  }

  /** Skips the next chunk if it holds exactly what this process has appended. */
  skipOwn(own: Buffer): void {
    this.#own = own;
  }

  /**
   * Reads to the end of the file, and returns the complete lines of each chunk.
   *
   * @param only a mode; lines of other modes may then be left out. From the start of a file, so may lines of
   *   that mode whose mark a later one exceeds: later readers also need their ranges.
   */
  *chunks(only?: string): Iterable<readonly string[]> {
    const isHighestOnly = this.#offset === 0;
    for (;;) {
      const size = readSync(this.#descriptor, this.#chunk, 0, CHUNK_BYTES, this.#offset);
      if (size === 0) return;
      this.#offset += size;
      const lines = this.#complete(size, only);
      yield only !== undefined && isHighestOnly ? highestOf(only, lines) : lines;
    }
  }

  /** Returns the lines that the first bytes of the chunk complete. */
  #complete(size: number, only: string | undefined): readonly string[] {
    const read = this.#chunk.subarray(0, size);
    const own = this.#own;
    this.#own = undefined;
    if (own?.equals(read) === true && this.#rest.length === 0) return [];
    const end = read.lastIndexOf(0x0a);
    if (end < 0) {
      this.#rest = Buffer.concat([this.#rest, read]);
      return [];
    }
    const complete = Buffer.concat([this.#rest, read.subarray(0, end)]);
    this.#rest = Buffer.from(read.subarray(end + 1));
    return only === undefined ? complete.toString('utf8').split('\n') : linesOf(only, complete);
  }
}

/** Returns the lines of a mode, those about a rewrite, and some others, in order. */
function linesOf(mode: string, lines: Buffer): readonly string[] {
  // The first line needs no search, and no line break before it.
  const starts = new Set([0]);
  for (const sought of [`\t${mode}\t`, '\nc\t', '\nx\t'])
    for (let at = lines.indexOf(sought); at >= 0; at = lines.indexOf(sought, at + 1))
      starts.add(lines.lastIndexOf(0x0a, at) + 1);
  return [...starts]
    .sort((a, b) => a - b)
    .map((start) => {
      const end = lines.indexOf(0x0a, start);
      return lines.toString('utf8', start, end < 0 ? lines.length : end);
    });
}

/**
 * Leaves out the marks of a mode that a later line exceeds, of the same database at the same epoch. A busy
 * service writes thousands, and most of the time to read one is that for its checksum.
 */
function highestOf(mode: string, lines: readonly string[]): readonly string[] {
  const highest = new Map<string, bigint>();
  const isNeeded = (text: string): boolean => {
    const [kind, identity, epoch, place, next = '', ofMode] = text.split('\t');
    if (kind !== 'm' || ofMode !== mode || !/^\d+$/.test(next)) return true;
    const origin = `${identity}\t${epoch}\t${place}`;
    const known = highest.get(origin);
    if (known !== undefined && BigInt(next) <= known) return false;
    if (parseLine(text) !== undefined) highest.set(origin, BigInt(next));
    return true;
  };
  return lines.toReversed().filter(isNeeded).reverse();
}
