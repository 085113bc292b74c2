import {writeSync} from 'node:fs';
import {formatRange, type IdRange} from '../../lib/core/range.js';
import {createLostOutputError, watchStdout} from '../process/stdout.js';

export type RangeFormat = 'json' | 'plain' | 'list';

/** Bounds memory: a list may hold a billion integers. */
const LINES_PER_WRITE = 4096n;

const STDOUT = 1;

/**
 * Writes a range to stdout, no faster than its reader reads. A list ends without an error if the reader
 * closes the pipe.
 *
 * @throws UniqueIDError `OUTPUT_FAILED`, with the range, which is never issued again
 */
export async function writeRange(range: IdRange, format: RangeFormat): Promise<void> {
  try {
    if (format === 'list') await writeList(range);
    else await writeLine(format === 'json' ? `${formatRange(range)}\n` : `${range.start} ${range.end}\n`);
  } catch (error) {
    throw createLostOutputError(
      `Integers ${range.start} to ${range.end} were allocated but could not be written to stdout`,
      error as NodeJS.ErrnoException,
    );
  }
}

/**
 * Writes one line without a stream, which takes Node longer to make. A pipe takes a short line whole or not
 * at all.
 */
async function writeLine(line: string): Promise<void> {
  try {
    writeSync(STDOUT, line);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    await write(line);
  }
}

/** Writes one integer per line, and stops without an error if the reader, such as `head`, closes the pipe. */
async function writeList(range: IdRange): Promise<void> {
  for (let first = range.start; first <= range.end; first += LINES_PER_WRITE) {
    let lines = '';
    const last = first + LINES_PER_WRITE - 1n;
    for (let id = first; id <= last && id <= range.end; id++) lines += `${id}\n`;
    try {
      await write(lines);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EPIPE') return;
      throw error;
    }
  }
}

function write(text: string): Promise<void> {
  watchStdout();
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (error === undefined || error === null) resolve();
      else reject(error);
    });
  });
}
