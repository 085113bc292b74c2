import {stripVTControlCharacters} from 'node:util';

/**
 * Breaks a text between words; a terminal would break it inside words. A word longer than a line stays whole,
 * so that a URL can be copied.
 *
 * @param width columns of the terminal; `undefined` without one
 */
export function wrapWords<Text extends string>(text: Text, width: number | undefined): Text[] {
  if (width === undefined) return [text];
  const lines: string[] = [];
  let line: string | undefined;
  for (const word of text.split(' ')) {
    const longer: string = line === undefined ? word : `${line} ${word}`;
    if (line === undefined || countCodePoints(longer) <= width) line = longer;
    else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line ?? ''] as Text[];
}

/** Counts code points, because this program's messages contain only characters one column wide. */
function countCodePoints(text: string): number {
  return Array.from(stripVTControlCharacters(text)).length;
}
