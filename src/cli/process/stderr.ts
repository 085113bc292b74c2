import {setTimeout as sleep} from 'node:timers/promises';
import {visible, type Visible} from '../../lib/util/visible.js';
import {wrapWords} from '../terminal/wrap-words.js';

/** How long the end of the process waits for a stderr that nobody reads. */
const FLUSH_LIMIT_MS = 2000;

let isWatched = false;

/** Lets stderr be full or closed: Node would end the process at it. */
export function watchStderr(): void {
  if (isWatched) return;
  isWatched = true;
  process.stderr.on('error', () => undefined);
}

/** Writes one line to stderr, where talk goes: stdout is for data. Hidden characters are written out. */
export function say(text: string): void {
  printErrorLines([visible(text)]);
}

/** Writes lines to stderr. On a terminal a line too long for it is broken between words. */
export function printErrorLines(lines: readonly Visible[]): void {
  watchStderr();
  process.stderr.write(wrapped(lines));
}

/** Returns lines that fit the terminal, if stderr is one, as one text. */
export function wrapped(lines: readonly Visible[]): string {
  return lines
    .flatMap((line) => wrapWords(line, terminalWidth()))
    .map((line) => `${line}\n`)
    .join('');
}

/** Columns for talk; `undefined` where it goes to no terminal. */
export function terminalWidth(): number | undefined {
  return process.stderr.isTTY && process.stderr.columns > 0 ? process.stderr.columns : undefined;
}

/** Waits until what was said is written, but not for ever. */
export async function flushStderr(): Promise<void> {
  if (!isWatched || process.stderr.writableLength === 0) return;
  const written = new Promise<void>((resolve) => {
    process.stderr.write('', () => {
      resolve();
    });
  });
  await Promise.race([written, sleep(FLUSH_LIMIT_MS)]);
}
