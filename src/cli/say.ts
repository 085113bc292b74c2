import {wrapWords} from './wrap-words.js';

/** Writes to stderr, where talk goes: stdout is for data. On a terminal a line too long for it is broken between words. */
export function say(text: string): void {
  const lines = text.split('\n').flatMap((line) => wrapWords(line, talkWidth()));
  process.stderr.write(`${lines.join('\n')}\n`);
}

/** Columns for talk; `undefined` where it goes to no terminal. */
export function talkWidth(): number | undefined {
  return process.stderr.isTTY && process.stderr.columns > 0 ? process.stderr.columns : undefined;
}
