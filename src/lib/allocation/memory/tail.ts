import {readSync} from 'node:fs';

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

  /** Returns the complete lines of the next chunk; `undefined` at the end of the file. */
  next(): readonly string[] | undefined {
    const size = readSync(this.#descriptor, this.#chunk, 0, CHUNK_BYTES, this.#offset);
    if (size === 0) return undefined;
    this.#offset += size;
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
    return complete.toString('utf8').split('\n');
  }
}
