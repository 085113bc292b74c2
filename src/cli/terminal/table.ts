import stringWidth from 'string-width';
import {visible, type Visible} from '../../lib/util/text/visible.js';

/** A column with its heading. The first column is aligned left; the others, mostly numbers, right. */
export interface Column {
  readonly title: string;
  /** A narrow terminal drops the columns that have a `dropOrder`, the highest first. */
  readonly dropOrder?: number;
  readonly alignLeft?: boolean;
}

/** The least widths of columns by their titles. They only grow, so that a live table never shrinks. */
export class ColumnWidths {
  readonly #widths: Map<string, number>;

  constructor(first: ReadonlyMap<string, number> = new Map()) {
    this.#widths = new Map(first);
  }

  has(title: string): boolean {
    return this.#widths.has(title);
  }

  /** Raises the least width of a column to `width`. @returns the least width */
  raise(title: string, width: number): number {
    const widest = Math.max(width, this.#widths.get(title) ?? 0);
    this.#widths.set(title, widest);
    return widest;
  }
}

const GAP = '  ';

const MIN_FIRST_WIDTH = 8;

/**
 * Aligns cells under their headings and makes hidden characters visible. A narrow terminal drops columns by
 * `dropOrder`, then cuts the first column: no line wraps and no number loses a digit.
 *
 * @param width columns of the terminal; `Infinity` without one
 * @param minWidths the widths of earlier versions of the same table
 * @returns the headings, then one line per row; several lines per row if the terminal is too narrow even so
 */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
  minWidths = new ColumnWidths(),
): Visible[] {
  const all = [columns.map(({title}) => title), ...rows.map((row) => row.map(visible))];
  const widths = columns.map(({title}, index) =>
    minWidths.raise(
      title,
      all.reduce((widest, row) => Math.max(widest, stringWidth(row[index] ?? '')), 0),
    ),
  );
  const shown = fittingColumns(columns, widths, width);
  if (shown === undefined) return stackRows(all, width) as Visible[];
  const [first = 0, ...others] = shown;
  const rest = others.reduce((sum, index) => sum + GAP.length + (widths[index] ?? 0), 0);
  widths[first] = Math.max(
    Math.min(MIN_FIRST_WIDTH, widths[first] ?? 0),
    Math.min(widths[first] ?? 0, width - rest),
  );
  return all.map((row) =>
    shown
      .map((index) =>
        pad(row[index] ?? '', widths[index] ?? 0, index === first || columns[index]?.alignLeft === true),
      )
      .join(GAP)
      .trimEnd(),
  ) as Visible[];
}

/**
 * Formats rows for a terminal too narrow for a table: the first cell, then each other cell beside its
 * heading.
 */
function stackRows([titles = [], ...rows]: readonly (readonly string[])[], width: number): string[] {
  const room = Math.max(...titles.slice(1).map((title) => stringWidth(title)));
  return rows.flatMap(([first = '', ...others]) => [
    shorten(first, width),
    ...others.map((cell, index) =>
      shorten(
        `  ${pad(titles[index + 1] ?? '', room, true)}${GAP}${cell}`,
        Math.max(width, room + MIN_FIRST_WIDTH),
      ),
    ),
  ]);
}

/** Returns the indexes of the columns that fit; `undefined` if even those without a `dropOrder` do not. */
function fittingColumns(
  columns: readonly Column[],
  widths: readonly number[],
  width: number,
): number[] | undefined {
  const shown = columns.map((_, index) => index);
  const neededWidth = (): number =>
    shown.reduce(
      (sum, index, place) =>
        sum +
        (place === 0 ? Math.min(MIN_FIRST_WIDTH, widths[index] ?? 0) : GAP.length + (widths[index] ?? 0)),
      0,
    );
  const droppable = shown
    .filter((index) => columns[index]?.dropOrder !== undefined)
    .sort((a, b) => (columns[b]?.dropOrder ?? 0) - (columns[a]?.dropOrder ?? 0));
  for (const index of droppable) {
    if (neededWidth() <= width) break;
    shown.splice(shown.indexOf(index), 1);
  }
  return neededWidth() <= width ? shown : undefined;
}

function pad(cell: string, width: number, alignLeft: boolean): string {
  const text = shorten(cell, width);
  const space = ' '.repeat(Math.max(0, width - stringWidth(text)));
  return alignLeft ? text + space : space + text;
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
