import {once} from 'node:events';
import {formatRange, type IdRange} from '../lib/allocation/range.js';

/** The formats of `getid`. */
export type IdFormat = 'json' | 'plain' | 'list';

/** Lines written at once; a billion integers must not gather in memory. */
const LINES_A_WRITE = 4096n;

/** Writes a range to stdout, no faster than it is read there; stops quietly when the reader has gone. */
export async function writeIds(range: IdRange, format: IdFormat): Promise<void> {
  if (format === 'json') return write(`${formatRange(range)}\n`);
  if (format === 'plain') return write(`${range.start} ${range.end}\n`);
  for (let first = range.start; first <= range.end && process.stdout.writable; first += LINES_A_WRITE) {
    let lines = '';
    const last = first + LINES_A_WRITE - 1n;
    for (let id = first; id <= last && id <= range.end; id++) lines += `${id}\n`;
    await write(lines);
  }
}

async function write(text: string): Promise<void> {
  if (process.stdout.write(text)) return;
  // "close" is how a reader that went away is heard of; oclif has taken the error that comes with it.
  await Promise.race([once(process.stdout, 'drain'), once(process.stdout, 'close')]);
}
