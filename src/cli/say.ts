import {setTimeout as sleep} from 'node:timers/promises';
import {wrapWords} from './wrap-words.js';

/** How long the end of the process waits for a stderr that nobody reads. */
const FLUSH_LIMIT_MS = 2000;

let isWatched = false;

/** Lets stderr be full or closed: Node would end the process at it. */
export function watchStderr(): void {
  if (isWatched) return;
  isWatched = true;
  process.stderr.on('error', () => undefined);
}

/** Writes to stderr, where talk goes: stdout is for data. On a terminal a line too long for it is broken between words. */
export function say(text: string): void {
  watchStderr();
  process.stderr.write(wrapped(text));
}

/** A text as lines that fit the terminal, where stderr is one. */
export function wrapped(text: string): string {
  const lines = text.split('\n').flatMap((line) => wrapWords(line, talkWidth()));
  return `${lines.join('\n')}\n`;
}

/** Columns for talk; `undefined` where it goes to no terminal. */
export function talkWidth(): number | undefined {
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
