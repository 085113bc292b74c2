import {writeSync} from 'node:fs';
import {formatRange, type IdRange} from '../lib/allocation/range.js';

/** The formats of `getid`. */
export type IdFormat = 'json' | 'plain' | 'list';

/** Lines written at once; a billion integers must not gather in memory. */
const LINES_A_WRITE = 4096n;

const STDOUT = 1;

/** Writes a range to stdout, no faster than it is read there; stops quietly when the reader has gone. */
export async function writeIds(range: IdRange, format: IdFormat): Promise<void> {
  if (format === 'list') return writeList(range);
  await writeLine(format === 'json' ? `${formatRange(range)}\n` : `${range.start} ${range.end}\n`);
}

/** One short line, which a pipe takes whole or not at all: making a stream takes Node longer than writing it. */
async function writeLine(line: string): Promise<void> {
  try {
    writeSync(STDOUT, line);
  } catch (error) {
    const {code} = error as NodeJS.ErrnoException;
    if (code === 'EAGAIN') await write(line);
    else if (code !== 'EPIPE') throw error;
  }
}

async function writeList(range: IdRange): Promise<void> {
  let isRead = true;
  // A reader that has gone is told to the callback of the write; without a listener Node would throw it as well.
  process.stdout.on('error', () => undefined);
  for (let first = range.start; first <= range.end && isRead; first += LINES_A_WRITE) {
    let lines = '';
    const last = first + LINES_A_WRITE - 1n;
    for (let id = first; id <= last && id <= range.end; id++) lines += `${id}\n`;
    isRead = await write(lines);
  }
}

/** @returns false where the reader has gone: whoever pipes into "head" has what was wanted */
function write(text: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (error === undefined || error === null) resolve(true);
      else if ((error as NodeJS.ErrnoException).code === 'EPIPE') resolve(false);
      else reject(error);
    });
  });
}
