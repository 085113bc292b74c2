import stringWidth from 'string-width';

/** A column: its heading, and to which side its cells are aligned. */
export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

const GAP = '  ';

/**
 * Lines up cells under their headings. Where the terminal is too narrow the first column gives way, so that
 * no line wraps and no number loses a digit.
 *
 * @param width columns of the terminal; `Infinity` where there is none
 */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
): string[] {
  const all = [columns.map(({title}) => title), ...rows.map((row) => row.map(printable))];
  const widths = columns.map((_, index) => Math.max(...all.map((row) => stringWidth(row[index] ?? ''))));
  const total = widths.reduce((sum, each) => sum + each, 0) + GAP.length * (columns.length - 1);
  if (total > width && widths[0] !== undefined) widths[0] = Math.max(4, widths[0] - (total - width));
  return all.map((row) =>
    columns
      .map(({align}, index) => pad(row[index] ?? '', widths[index] ?? 0, align ?? 'left'))
      .join(GAP)
      .trimEnd(),
  );
}

function pad(cell: string, width: number, align: 'left' | 'right'): string {
  const text = shorten(cell, width);
  const space = ' '.repeat(Math.max(0, width - stringWidth(text)));
  return align === 'left' ? text + space : space + text;
}

/** A mode that another program wrote may hold what moves the cursor. */
function printable(cell: string): string {
  return cell.replaceAll(/\p{Cc}/gu, '\uFFFD');
}

function shorten(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  let kept = '';
  for (const character of text) {
    if (stringWidth(kept + character) > width - 1) break;
    kept += character;
  }
  return `${kept}…`;
}
