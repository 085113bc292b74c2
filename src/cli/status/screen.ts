import stringWidth from 'string-width';
import {shellWord} from '../../lib/util/text/shell-word.js';
import type {GuardFileStatus} from '../../lib/operations/issued.js';
import {isUseShown, isWarned} from '../../lib/operations/mode-list.js';
import type {Order} from '../../lib/operations/orders.js';
import type {ModeDocument, StatusDocument} from '../../lib/operations/status-document.js';
import {noModesText, productText, schemaVerdict} from '../../lib/operations/status-words.js';
import {visible, type Visible} from '../../lib/util/text/visible.js';
import type {Colours} from '../terminal/colour.js';
import {labelled} from '../terminal/labelled.js';
import {formatDuration} from '../../lib/util/text/numbers.js';
import {formatTable, type ColumnWidths} from '../terminal/table.js';
import {nameColumns, useColumns, type ModeColumn} from './columns.js';

export interface ScreenOptions {
  /** Columns of the terminal; `Infinity` without one. */
  readonly width: number;
  readonly colour: Colours;
}

/** Formats the screen of `uniqueid status`. */
export function statusLines(status: StatusDocument, order: Order, options: ScreenOptions): Visible[] {
  const {modes, more, schema} = status;
  const columns = modeColumns(modes.some(isUseShown));
  return [
    ...databaseLines(status, options),
    visible(''),
    ...(modes.length > 0 ? modeTable(modes, columns, options) : more ? [] : [noModesLine(schema)]),
    ...(more ? [moreLine(order, modes.at(-1)?.mode, options.width)] : []),
  ];
}

/** @param showsUse shows how much of each mode is used and remains */
export function modeColumns(showsUse: boolean): readonly ModeColumn[] {
  return showsUse ? [...nameColumns, ...useColumns] : nameColumns;
}

/** Formats the lines about the database, above the table. */
export function databaseLines(
  {database, schema, service, version, guardFile}: StatusDocument,
  {width, colour}: ScreenOptions,
): Visible[] {
  const row = (label: string, text: string, style = unstyled): Visible[] =>
    labelled(label, style(visible(text)), width);
  const {problem} = schema;
  const verdict = (problem === null ? colour.green : colour.red)(visible(schemaVerdict(schema)));
  return [
    ...(service === undefined
      ? []
      : row(
          'Service',
          `${service.url ?? ''} (UniqueID ${version}, up ${formatDuration(service.uptimeSeconds)})`,
        )),
    ...row('Database', `${database.location} (${productText(database)})`),
    ...row('Durability', database.durability),
    ...(guardFile === undefined || guardFile === null ? [] : row('Guard file', describeGuardFile(guardFile))),
    ...labelled('Schema', `${visible(schema.version)}, ${verdict}` as Visible, width),
    ...(problem?.hint === undefined ? [] : row('', problem.hint)),
    ...database.warnings.flatMap((warning) => row('Warning', warning, colour.yellow)),
  ];
}

function describeGuardFile({path, ageSeconds}: GuardFileStatus): string {
  return `${path} (${ageSeconds === null ? 'not written yet' : `written ${formatDuration(ageSeconds)} ago`})`;
}

function unstyled(text: Visible): Visible {
  return text;
}

/** Formats the table of modes, with those that need an operator in yellow. */
export function modeTable(
  modes: readonly ModeDocument[],
  columns: readonly ModeColumn[],
  {width, colour}: ScreenOptions,
  minWidths?: ColumnWidths,
): Visible[] {
  const rows = modes.map((mode) => columns.map(({cell}) => cell(mode)));
  const [heading = visible(''), ...lines] = formatTable(columns, rows, width, minWidths);
  const isTable = lines.length === modes.length;
  return [
    colour.bold(heading),
    ...lines.map((line, index) => {
      const mode = isTable ? modes[index] : undefined;
      return mode !== undefined && isWarned(mode) ? colour.yellow(line) : line;
    }),
  ];
}

/** Returns the line in place of an empty table. */
export function noModesLine(schema: StatusDocument['schema']): Visible {
  return visible(noModesText(schema));
}

function moreLine(order: Order, last: string | undefined, width: number): Visible {
  const text = '… and more modes';
  const flags = order === 'name' && last !== undefined ? nextPageFlags(last) : RAISE_LIMIT;
  const line = visible(`${text}; to list them: ${flags}`);
  return stringWidth(line) <= width ? line : visible(text.slice(0, width));
}

const RAISE_LIMIT = 'raise --limit';

/**
 * Returns the flags for the next page, to copy into a shell; a mode with hidden characters cannot be copied.
 */
function nextPageFlags(mode: string): string {
  return mode === visible(mode) ? `--after ${shellWord(mode)}` : RAISE_LIMIT;
}
