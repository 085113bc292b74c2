import {closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

/** An answered range, as the checker sorts it. */
export interface Range {
  /** Index in the list of modes. */
  readonly mode: number;
  readonly start: bigint;
  readonly end: bigint;
  readonly begun: number;
  readonly ended: number;
  /** Index in the list of clients, and line in that client's history. */
  readonly client: number;
  readonly line: number;
}

/** Ranges in memory before they are sorted and written to disk. */
const RANGES_A_RUN = 200_000;

const RECORD_BYTES = 44;
const RECORDS_A_READ = 1_024;

/**
 * Sorts any number of ranges by mode and start in bounded memory: sorts runs that fit, writes them to disk
 * and merges them.
 */
export class SortedRuns {
  readonly #folder = mkdtempSync(join(tmpdir(), 'uniqueid-check-'));
  readonly #files: string[] = [];
  #run: Range[] = [];
  readonly #rangesARun: number;

  constructor(rangesARun = RANGES_A_RUN) {
    this.#rangesARun = rangesARun;
  }

  add(range: Range): void {
    this.#run.push(range);
    if (this.#run.length >= this.#rangesARun) this.#writeRun();
  }

  /** Yields all ranges by mode, then start; call it once. */
  *sorted(): Generator<Range> {
    const last = this.#run.sort(inOrder);
    this.#run = [];
    const sources: Iterator<Range, unknown>[] = [...this.#files.map((file) => readRun(file)), last.values()];
    yield* merge(sources);
  }

  /** Removes the files. */
  remove(): void {
    rmSync(this.#folder, {recursive: true, force: true});
  }

  #writeRun(): void {
    const path = join(this.#folder, String(this.#files.length));
    const file = openSync(path, 'w');
    try {
      const buffer = Buffer.alloc(RECORD_BYTES * RECORDS_A_READ);
      const run = this.#run.sort(inOrder);
      for (let done = 0; done < run.length; done += RECORDS_A_READ) {
        const part = run.slice(done, done + RECORDS_A_READ);
        for (const [index, range] of part.entries()) encode(range, buffer, index * RECORD_BYTES);
        writeSync(file, buffer, 0, part.length * RECORD_BYTES);
      }
    } finally {
      closeSync(file);
    }
    this.#files.push(path);
    this.#run = [];
  }
}

function inOrder(a: Range, b: Range): number {
  if (a.mode !== b.mode) return a.mode - b.mode;
  return a.start < b.start ? -1 : a.start > b.start ? 1 : 0;
}

function* merge(sources: readonly Iterator<Range, unknown>[]): Generator<Range> {
  // A heap: the source whose next range comes first is at the top.
  const heap: {range: Range; source: Iterator<Range, unknown>}[] = [];
  const sink = (from: number): void => {
    for (let parent = from; ;) {
      let least = parent;
      for (const child of [2 * parent + 1, 2 * parent + 2]) {
        const [candidate, best] = [heap[child], heap[least]];
        if (candidate !== undefined && best !== undefined && inOrder(candidate.range, best.range) < 0)
          least = child;
      }
      const [a, b] = [heap[parent], heap[least]];
      if (least === parent || a === undefined || b === undefined) return;
      heap[parent] = b;
      heap[least] = a;
      parent = least;
    }
  };
  for (const source of sources) {
    const next = source.next();
    if (next.done !== true) heap.push({range: next.value, source});
  }
  for (let index = heap.length >> 1; index >= 0; index--) sink(index);
  for (let top = heap[0]; top !== undefined; top = heap[0]) {
    yield top.range;
    const next = top.source.next();
    if (next.done !== true) heap[0] = {range: next.value, source: top.source};
    else {
      const last = heap.pop();
      if (last !== undefined && heap.length > 0) heap[0] = last;
    }
    sink(0);
  }
}

function* readRun(path: string): Generator<Range> {
  const file = openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(RECORD_BYTES * RECORDS_A_READ);
    for (let bytes; (bytes = readSync(file, buffer)) > 0;)
      for (let at = 0; at < bytes; at += RECORD_BYTES) yield decode(buffer, at);
  } finally {
    closeSync(file);
  }
}

function encode({mode, start, end, begun, ended, client, line}: Range, buffer: Buffer, at: number): void {
  buffer.writeUInt32LE(mode, at);
  buffer.writeBigInt64LE(start, at + 4);
  buffer.writeBigInt64LE(end, at + 12);
  buffer.writeDoubleLE(begun, at + 20);
  buffer.writeDoubleLE(ended, at + 28);
  buffer.writeUInt32LE(client, at + 36);
  buffer.writeUInt32LE(line, at + 40);
}

function decode(buffer: Buffer, at: number): Range {
  return {
    mode: buffer.readUInt32LE(at),
    start: buffer.readBigInt64LE(at + 4),
    end: buffer.readBigInt64LE(at + 12),
    begun: buffer.readDoubleLE(at + 20),
    ended: buffer.readDoubleLE(at + 28),
    client: buffer.readUInt32LE(at + 36),
    line: buffer.readUInt32LE(at + 40),
  };
}
