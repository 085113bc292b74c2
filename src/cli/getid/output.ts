import {writeSync} from 'node:fs';
import {formatRange, type IdRange} from '../../lib/core/range.js';
import {outputFailed, watchStdout} from '../process/stdout.js';

/** The formats of `getid`. */
export type RangeFormat = 'json' | 'plain' | 'list';

/** Lines written at once; a billion integers must not gather in memory. */
const LINES_A_WRITE = 4096n;

const STDOUT = 1;

/**
 * Writes a range to stdout, no faster than it is read there. A list ends quietly when its reader has gone.
 *
 * @throws UniqueIDError `OUTPUT_FAILED`, with the range: nobody else is ever given it
 */
export async function writeRange(range: IdRange, format: RangeFormat): Promise<void> {
  try {
    if (format === 'list') await writeList(range);
    else await writeLine(format === 'json' ? `${formatRange(range)}\n` : `${range.start} ${range.end}\n`);
  } catch (error) {
    throw outputFailed(
      `The integers ${range.start} to ${range.end} were taken, but could not be written to stdout`,
      error as NodeJS.ErrnoException,
    );
  }
}

/** One short line, which a pipe takes whole or not at all: making a stream takes Node longer than writing it. */
async function writeLine(line: string): Promise<void> {
  try {
    writeSync(STDOUT, line);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    await write(line);
  }
}

/** Whoever pipes into "head" has what was wanted. */
async function writeList(range: IdRange): Promise<void> {
  for (let first = range.start; first <= range.end; first += LINES_A_WRITE) {
    let lines = '';
    const last = first + LINES_A_WRITE - 1n;
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
