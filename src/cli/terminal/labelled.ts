import wrapAnsi from 'wrap-ansi';
import type {Visible} from '../../lib/util/text/visible.js';

/** Width of the longest label and two spaces. */
const INDENT = 12;

/**
 * Formats `Database    db.sqlite3`: a label and its text, which continues below, indented, if it is too long.
 */
export function labelled(label: string, text: Visible, width: number): Visible[] {
  const room = Math.max(20, width - INDENT);
  const lines = room === Infinity ? [text] : wrapAnsi(text, room, {hard: true}).split('\n');
  return lines.map(
    (line, index) => `${(index === 0 ? label : '').padEnd(INDENT)}${line}`.trimEnd() as Visible,
  );
}
