import {formatRange, type IdRange} from '../lib/allocation/range.js';

/** The formats of `getid`. */
export type IdFormat = 'json' | 'plain' | 'list';

/** Lines written at once; a billion integers must not gather in memory. */
const LINES_A_WRITE = 4096n;

/** Writes a range to stdout, no faster than it is read there; stops quietly when the reader has gone. */
export async function writeIds(range: IdRange, format: IdFormat): Promise<void> {
  if (format === 'list') return writeList(range);
  await write(format === 'json' ? `${formatRange(range)}\n` : `${range.start} ${range.end}\n`);
}

async function writeList(range: IdRange): Promise<void> {
  let isRead = true;
  for (let first = range.start; first <= range.end && isRead; first += LINES_A_WRITE) {
    let lines = '';
    const last = first + LINES_A_WRITE - 1n;
    for (let id = first; id <= last && id <= range.end; id++) lines += `${id}\n`;
    isRead = await write(lines);
  }
}

// A reader that has gone is told to the callback of the write; without a listener Node would throw it as well.
process.stdout.on('error', () => undefined);

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
