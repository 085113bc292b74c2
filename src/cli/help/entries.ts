import {visible, type Visible} from '../../lib/util/text/visible.js';
import {wrapWords} from '../terminal/wrap-words.js';

/** A heading of a help text and the text below it. */
export interface HelpEntry {
  readonly title: string;
  readonly text: string;
}

const INDENT = '    ';

/**
 * Formats entries like a manual page: a title, and below it the text, indented.
 *
 * @param width columns of the terminal; `undefined` without one
 */
export function formatEntries(entries: readonly HelpEntry[], width: number | undefined): Visible[] {
  const room = width === undefined ? undefined : Math.max(20, width - INDENT.length);
  return entries.flatMap(({title, text}) => [
    visible(title),
    ...(text === '' ? [] : wrapWords(text, room).map((line) => visible(INDENT + line))),
  ]);
}
