import stringWidth from 'string-width';
import type {UniqueIDError} from '../../lib/core/errors.js';
import {isUseShown} from '../../lib/operations/mode-list.js';
import type {ModeDocument, StatusDocument} from '../../lib/operations/status-document.js';
import {positionText, unreachableText} from '../../lib/operations/status-words.js';
import {visible, type Visible} from '../../lib/util/text/visible.js';
import type {ColumnWidths} from '../terminal/table.js';
import {labelled} from '../terminal/labelled.js';
import type {ModeColumn} from './columns.js';
import type {Controls} from './controls.js';
import {databaseLines, modeColumns, modeTable, noModesLine, type ScreenOptions} from './screen.js';

/** Why the status is old, and since when, in milliseconds of the monotonic clock. */
export interface Outage {
  readonly error: UniqueIDError | undefined;
  readonly since: number;
}

/** The content of the live screen. */
export interface View {
  /** `undefined` until the first answer. */
  readonly status: StatusDocument | undefined;
  readonly outage: Outage | undefined;
  /** The modes in the order of the screen. */
  readonly listed: readonly ModeDocument[];
  /** True if the database holds more modes than those listed. */
  readonly hasMore: boolean;
  readonly controls: Controls;
}

export interface FrameOptions extends ScreenOptions {
  /** The rows of the terminal. */
  readonly height: number;
  readonly intervalMs: number;
  readonly hasKeyboard: boolean;
  readonly extraColumns: readonly ModeColumn[];
  /** The widths of the earlier frames by title of the column. */
  readonly minWidths: ColumnWidths;
}

export interface Frame {
  readonly lines: readonly Visible[];
  /** The part of the list on the screen. */
  readonly offset: number;
  readonly pageSize: number;
}

/** The least rows for the table, with its headings and the line below it. */
const MIN_TABLE_ROWS = 4;

/** Rows for the empty line and the footer at the end. */
const END_ROWS = 2;

/** Formats one frame; formats only those modes that fit. */
export function formatFrame(view: View, options: FrameOptions): Frame {
  const {status, outage, controls} = view;
  const {height} = options;
  const footer = options.colour.dim(footerLine(controls, options));
  const outageRows = outage === undefined ? [] : outageLines(outage, status !== undefined, options);
  const end = [visible(''), footer];
  if (status === undefined) {
    const waiting = outageRows.length === 0 ? [visible('Waiting for an answer …')] : outageRows;
    return {lines: [...waiting.slice(0, Math.max(1, height - END_ROWS)), ...end], offset: 0, pageSize: 1};
  }
  const above = [...outageRows, ...databaseLines(status, options)];
  // Long warnings must not hide the table.
  const shownAbove = above.slice(0, Math.max(1, height - MIN_TABLE_ROWS - END_ROWS - 1));
  const room = height - shownAbove.length - 1 - END_ROWS;
  const {lines, ...part} = tablePart(view, status, room, options);
  const body = [...shownAbove, visible(''), ...lines];
  return {lines: [...body.slice(0, Math.max(0, height - END_ROWS)), ...end], ...part};
}

/** Formats the modes at the scroll position, in at most `room` lines if the terminal is wide enough. */
function tablePart(
  {listed, hasMore, controls}: View,
  status: StatusDocument,
  room: number,
  options: FrameOptions,
): Frame {
  if (listed.length === 0) {
    const line =
      controls.filter === '' ? noModesLine(status.schema) : visible(`No mode matches "${controls.filter}".`);
    return {lines: [line], offset: 0, pageSize: 1};
  }
  const isPartial = hasMore || listed.length > room - 1;
  const pageSize = Math.max(1, room - (isPartial ? 2 : 1));
  const offset = Math.min(controls.offset, Math.max(0, listed.length - pageSize));
  const shown = listed.slice(offset, offset + pageSize);
  const {minWidths} = options;
  const showsUse = minWidths.has('USED') || status.modes.some(isUseShown);
  const columns = [...modeColumns(showsUse), ...options.extraColumns];
  const table = modeTable(shown, columns, options, minWidths);
  if (!isPartial) return {lines: table, offset, pageSize};
  const position = `… ${positionText(offset, shown.length, listed.length, hasMore)}`;
  return {lines: [...table, visible(position.slice(0, options.width))], offset, pageSize};
}

function outageLines({error, since}: Outage, hasStatus: boolean, {width, colour}: ScreenOptions): Visible[] {
  const text = unreachableText(performance.now() - since, hasStatus);
  return [
    ...(error === undefined ? [] : labelled('Error', colour.red(visible(error.message)), width)),
    colour.red(visible(text.slice(0, width))),
  ];
}

/** Names the keys; leaves out the last ones if the terminal is narrow. */
function footerLine({order, filter, isTyping}: Controls, options: FrameOptions): Visible {
  const {width, hasKeyboard, intervalMs} = options;
  const interval = `every ${intervalMs / 1000} s`;
  const sort = `s sorts: ${order}`;
  if (!hasKeyboard) return joinFitting(['Ctrl-C quits', `sorted by ${order}`, interval], width);
  const shownFilter = `/${shortenLeft(visible(filter), Math.max(1, width - 29))}`;
  if (isTyping) return joinFitting([`${shownFilter}▏`, 'Enter keeps', 'Esc clears'], width);
  if (filter !== '') return joinFitting([shownFilter, 'Esc clears', 'q quits', sort, interval], width);
  return joinFitting(['q quits', '/ filters', sort, '↑↓ PgUp PgDn', interval], width);
}

function joinFitting(parts: readonly string[], width: number): Visible {
  const line = visible(parts.join(' · '));
  return stringWidth(line) <= width || parts.length === 1 ? line : joinFitting(parts.slice(0, -1), width);
}

/** Keeps the end of a text, which is typed last. */
function shortenLeft(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  const characters = Array.from(text);
  while (stringWidth(characters.join('')) > width - 1) characters.shift();
  return `…${characters.join('')}`;
}
