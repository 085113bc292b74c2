import {stripVTControlCharacters} from 'node:util';

/**
 * Breaks a text between words, where a terminal would break it inside one. A word that is longer than a line stays
 * whole, such as a URL that is to be copied.
 *
 * @param width columns that there are; `undefined` where there is no terminal
 */
export function wrapWords<Text extends string>(text: Text, width: number | undefined): Text[] {
  if (width === undefined) return [text];
  const lines: string[] = [];
  let line: string | undefined;
  for (const word of text.split(' ')) {
    const longer: string = line === undefined ? word : `${line} ${word}`;
    if (line === undefined || lengthOf(longer) <= width) line = longer;
    else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line ?? ''] as Text[];
}

/** In code points: what this program says is written in letters of one column. */
function lengthOf(text: string): number {
  return Array.from(stripVTControlCharacters(text)).length;
}
