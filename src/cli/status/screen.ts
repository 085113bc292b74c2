import stringWidth from 'string-width';
import type {ModeDocument, StatusDocument} from '../../lib/operations/status-document.js';
import {visible, type Visible} from '../../lib/util/visible.js';
import type {Colours} from '../terminal/colour.js';
import {labelled} from '../terminal/labelled.js';
import {
  formatBytes,
  formatDuration,
  formatInteger,
  formatScaled,
  formatPercent,
} from '../terminal/numbers.js';
import {formatTable, type Column} from '../terminal/table.js';

/** A column of the table of modes. */
export interface ModeColumn extends Column {
  readonly cell: (mode: ModeDocument) => string;
}

export interface ScreenOptions {
  /** Columns of the terminal; `Infinity` without one. */
  readonly width: number;
  readonly colour: Colours;
  /** Bound of the lines for modes; `undefined` for all modes. */
  readonly maxRows?: number | undefined;
  readonly extraColumns?: readonly ModeColumn[];
}

const columns: readonly ModeColumn[] = [
  {title: 'MODE', cell: ({mode}) => mode},
  {title: 'NEXT INDEX', cell: ({next}) => (next === null ? 'damaged' : formatInteger(next))},
  {title: 'USED', dropOrder: 2, cell: ({usedShare}) => (usedShare === null ? '-' : formatPercent(usedShare))},
  {
    title: 'REMAINING',
    dropOrder: 1,
    cell: ({remaining}) => (remaining === null ? '-' : formatScaled(remaining)),
  },
];

/** Formats the screen of `uniqueid status`. */
export function statusLines(status: StatusDocument, options: ScreenOptions): Visible[] {
  return [...databaseLines(status, options), visible(''), ...modeLines(status, options)];
}

/** Formats the lines about the database, above the table. */
export function databaseLines(
  {database, schema, service, version}: StatusDocument,
  {width, colour}: ScreenOptions,
): Visible[] {
  const row = (label: string, text: string, style = unstyled): Visible[] =>
    labelled(label, style(visible(text)), width);
  const {problem} = schema;
  const size = database.sizeBytes === null ? '' : `, ${formatBytes(database.sizeBytes)}`;
  // A service of an older version lacks it.
  const place = typeof database.schema === 'string' ? `, schema ${database.schema}` : '';
  const verdict =
    problem === null
      ? colour.green(visible('safe to serve'))
      : colour.red(visible(`not safe to serve: ${problem.message}`));
  return [
    ...(service === undefined
      ? []
      : row(
          'Service',
          `${service.url ?? ''} (UniqueID ${version}, up ${formatDuration(service.uptimeSeconds)})`,
        )),
    ...row('Database', `${database.location} (${database.product}${size}${place})`),
    ...row('Durability', database.durability),
    ...labelled('Schema', `${visible(schema.version)}, ${verdict}` as Visible, width),
    ...(problem?.hint === undefined ? [] : row('', problem.hint)),
    ...database.warnings.flatMap((warning) => row('Warning', warning, colour.yellow)),
  ];
}

function unstyled(text: Visible): Visible {
  return text;
}

function modeLines(
  {modes, more, schema}: StatusDocument,
  {width, colour, maxRows = Infinity, extraColumns = []}: ScreenOptions,
): Visible[] {
  if (modes.length === 0)
    return [visible(isUnreadable(schema) ? 'The modes cannot be read.' : 'No modes yet.')];
  const all = [...columns, ...extraColumns];
  const shown = modes.length > maxRows ? modes.slice(0, Math.max(1, maxRows - 1)) : modes;
  const [heading = visible(''), ...lines] = formatTable(
    all,
    shown.map((mode) => all.map(({cell}) => cell(mode))),
    width,
  );
  const hidden = modes.length - shown.length;
  return [colour.bold(heading), ...lines, ...moreLine(hidden, more, shown.at(-1)?.mode ?? '', width)];
}

function isUnreadable({problem}: StatusDocument['schema']): boolean {
  return problem?.code === 'SCHEMA_TOO_NEW' || problem?.code === 'SCHEMA_DAMAGED';
}

function moreLine(hidden: number, more: boolean, last: string, width: number): Visible[] {
  if (!more && hidden === 0) return [];
  const count = `${more ? 'at least ' : ''}${formatInteger(BigInt(hidden))}`;
  const text = hidden > 0 ? `… and ${count} more ${hidden === 1 ? 'mode' : 'modes'}` : '… and more modes';
  const line = visible(hidden > 0 ? text : `${text}; to list them: ${nextPageFlags(last)}`);
  return [stringWidth(line) <= width ? line : visible(text.slice(0, width))];
}

/**
 * Returns the flags for the next page, to copy into a shell; a mode with hidden characters cannot be copied.
 */
function nextPageFlags(mode: string): string {
  return mode === visible(mode) ? `--after '${mode.replaceAll("'", String.raw`'\''`)}'` : 'raise --limit';
}
