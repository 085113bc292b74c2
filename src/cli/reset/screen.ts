import type {ResetMove} from '../../lib/operations/reset.js';
import {visible, type Visible} from '../../lib/util/text/visible.js';
import type {Colours} from '../terminal/colour.js';
import {formatInteger} from '../../lib/util/text/numbers.js';
import {formatTable} from '../terminal/table.js';
import {wrapWords} from '../terminal/wrap-words.js';

export interface ScreenOptions {
  /** Columns of the terminal; `undefined` without one. */
  readonly width: number | undefined;
  readonly colour: Colours;
}

/** The moves back with a sentence each. One sentence sums up all others. */
const MAX_SENTENCES = 5;

const columns = [{title: 'MODE'}, {title: 'CURRENT'}, {title: 'NEW'}, {title: 'DUPLICATES', dropOrder: 1}];

/** Formats a plan: the table, a blank line, and its consequences in words, all of them worst first. */
export function planLines(moves: readonly ResetMove[], options: ScreenOptions): Visible[] {
  if (moves.length === 0) return [];
  const rows = worstFirst(moves).map(({mode, from, to, reissued}) => [
    mode,
    from === undefined ? 'damaged' : formatInteger(from),
    formatInteger(to),
    from === undefined ? 'unknown' : formatInteger(reissued),
  ]);
  const table = formatTable(columns, rows, options.width ?? Infinity);
  return [...table, visible(''), ...consequenceLines(moves, options), visible('')];
}

/** Formats what servers of this machine have issued, for moves below that. */
export function issuedLines(
  moves: readonly ResetMove[],
  issued: {highWaterMark: (mode: string) => bigint | undefined},
  width: number | undefined,
): Visible[] {
  const below = moves.flatMap(({mode, to}) => {
    const mark = issued.highWaterMark(mode) ?? 0n;
    return mark > to ? [{mode, last: mark - 1n}] : [];
  });
  const lines = below
    .slice(0, MAX_SENTENCES)
    .map(({mode, last}) =>
      visible(`Servers on this machine have issued ${JSON.stringify(mode)} up to ${formatInteger(last)}.`),
    );
  if (below.length > MAX_SENTENCES)
    lines.push(visible(`The same holds for ${below.length - MAX_SENTENCES} more modes.`));
  return lines.length === 0 ? [] : [...lines.flatMap((line) => wrapWords(line, width)), visible('')];
}

/** Formats what a plan does, in words: moves back in red, then moves forward, then counters that stay. */
export function consequenceLines(moves: readonly ResetMove[], {width, colour}: ScreenOptions): Visible[] {
  const backward = worstFirst(moves.filter((move) => move.backward));
  const dangers = [
    ...backward.slice(0, MAX_SENTENCES).map((move) => describeBackward([move])),
    ...(backward.length > MAX_SENTENCES ? [describeBackward(backward.slice(MAX_SENTENCES), 'more ')] : []),
  ];
  const forward = moves.filter(({from, to, backward}) => from !== undefined && from < to && !backward);
  const unchanged = moves.filter(({from, to, backward}) => from === to && !backward);
  const others = [
    ...(forward.length > 0 ? [describeForward(forward)] : []),
    ...(unchanged.length > 0 ? [describeUnchanged(unchanged)] : []),
  ];
  const wrap = (text: string): Visible[] => wrapWords(visible(text), width);
  return [...dangers.flatMap(wrap).map(colour.red), ...others.flatMap(wrap)];
}

/** Describes moves back in one sentence, such as `Moving file back issues 15 integers a second time.` */
export function describeBackward(moves: readonly ResetMove[], more = ''): string {
  const damaged = moves.filter(({from}) => from === undefined);
  const reissued = moves.reduce((sum, move) => sum + move.reissued, 0n);
  const names = subject(moves, more);
  if (damaged.length === moves.length)
    return `Moving ${names} from a damaged value may issue integers a second time.`;
  const unknown = damaged.length === 0 ? '' : 'at least ';
  return `Moving ${names} back issues ${unknown}${countIntegers(reissued)} a second time.`;
}

function describeForward(moves: readonly ResetMove[]): string {
  const skipped = moves.reduce((sum, {from = 0n, to}) => sum + to - from, 0n);
  return `Moving ${subject(moves)} forward skips ${countIntegers(skipped)}.`;
}

function describeUnchanged(moves: readonly ResetMove[]): string {
  const [{to} = {to: 0n}, ...others] = moves;
  return others.length === 0
    ? `Mode ${subject(moves)} stays at ${formatInteger(to)}.`
    : `${subject(moves)} stay as they are.`;
}

/** Sorts moves from damaged values first, then moves back by duplicates, moves forward, unmoved counters. */
function worstFirst(moves: readonly ResetMove[]): ResetMove[] {
  const rank = ({from, to, backward}: ResetMove): number =>
    from === undefined ? 0 : backward ? 1 : from === to ? 3 : 2;
  return [...moves].sort(
    (a, b) => rank(a) - rank(b) || (a.reissued === b.reissued ? 0 : a.reissued > b.reissued ? -1 : 1),
  );
}

/** Returns the name of a single mode, quoted if it is not one word, or the number of modes. */
function subject(moves: readonly ResetMove[], more = ''): string {
  const [first, ...others] = moves;
  if (first === undefined || others.length > 0 || more !== '')
    return `${formatInteger(BigInt(moves.length))} ${more}${moves.length === 1 ? 'mode' : 'modes'}`;
  return /^[^\s"']+$/.test(first.mode) ? first.mode : JSON.stringify(first.mode);
}

function countIntegers(count: bigint): string {
  return count === 1n ? '1 integer' : `${formatInteger(count)} integers`;
}
