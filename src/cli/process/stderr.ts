import {setTimeout as sleep} from 'node:timers/promises';
import {visible, type Visible} from '../../lib/util/text/visible.js';
import {wrapWords} from '../terminal/wrap-words.js';

/** Bounds the wait for an unread stderr at the end of the process. */
const FLUSH_TIMEOUT_MS = 2000;

let isWatched = false;

/** Ignores errors of a full or closed stderr; Node would end the process. */
export function watchStderr(): void {
  if (isWatched) return;
  isWatched = true;
  process.stderr.on('error', () => undefined);
}

/** Returns true if each line that `serve` writes to stderr must be JSON: a program reads it, no person. */
export function isStderrLog(words: readonly string[]): boolean {
  return !process.stderr.isTTY && !words.includes('--check-config');
}

/** Prints one line for people to stderr, because stdout is for data; makes hidden characters visible. */
export function printNotice(text: string): void {
  printStderrLines([visible(text)]);
}

/** Prints lines to stderr; on a terminal breaks long lines between words. */
export function printStderrLines(lines: readonly Visible[]): void {
  watchStderr();
  process.stderr.write(wrapForTerminal(lines));
}

/** Joins lines to one text; breaks long ones between words if stderr is a terminal. */
export function wrapForTerminal(lines: readonly Visible[]): string {
  return lines
    .flatMap((line) => wrapWords(line, terminalWidth()))
    .map((line) => `${line}\n`)
    .join('');
}

/** Returns the columns of stderr; `undefined` if it is not a terminal. */
export function terminalWidth(): number | undefined {
  return process.stderr.isTTY && process.stderr.columns > 0 ? process.stderr.columns : undefined;
}

/** Waits until stderr is written, up to `FLUSH_TIMEOUT_MS`. */
export async function flushStderr(): Promise<void> {
  if (!isWatched || process.stderr.writableLength === 0) return;
  const written = new Promise<void>((resolve) => {
    process.stderr.write('', () => {
      resolve();
    });
  });
  await Promise.race([written, sleep(FLUSH_TIMEOUT_MS)]);
}
