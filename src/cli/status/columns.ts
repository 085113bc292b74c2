import type {ModeDocument} from '../../lib/operations/status-document.js';
import {formatInteger, formatPercent, formatRate, formatScaled} from '../terminal/numbers.js';
import {sparkline} from '../terminal/sparkline.js';
import type {Column} from '../terminal/table.js';
import {MAX_RATES_PER_MODE, type Rates} from './rates.js';

/** A column of the table of modes. */
export interface ModeColumn extends Column {
  readonly cell: (mode: ModeDocument) => string;
}

/** Below this share of all integers, the use of a mode is no concern. */
const SHOWN_SHARE_THRESHOLD = 0.001;

export function isUseShown({usedShare}: ModeDocument): boolean {
  return usedShare !== null && usedShare >= SHOWN_SHARE_THRESHOLD;
}

export const nameColumns: readonly ModeColumn[] = [
  {title: 'MODE', cell: ({mode}) => mode},
  {title: 'NEXT INDEX', cell: ({next}) => (next === null ? 'damaged' : formatInteger(next))},
];

/** Empty for modes with little use. */
export const useColumns: readonly ModeColumn[] = [
  {
    title: 'USED',
    dropOrder: 3,
    cell: (mode) => (isUseShown(mode) ? formatPercent(mode.usedShare ?? 0) : ''),
  },
  {
    title: 'REMAINING',
    dropOrder: 2,
    cell: (mode) => (isUseShown(mode) ? formatScaled(mode.remaining ?? 0n) : ''),
  },
];

const RATE_TITLE = 'RATE';

/** Reserves the full width of the sparkline, so that it drops out only if the terminal is resized. */
export const firstWidths: ReadonlyMap<string, number> = new Map([[RATE_TITLE, MAX_RATES_PER_MODE]]);

export function rateColumns(rates: Rates): readonly ModeColumn[] {
  return [
    {
      title: 'PER SECOND',
      dropOrder: 1,
      cell: ({mode}) => {
        const last = rates.of(mode).at(-1);
        return last === undefined ? '…' : formatRate(last);
      },
    },
    {title: RATE_TITLE, dropOrder: 4, alignLeft: true, cell: ({mode}) => sparkline(rates.of(mode))},
  ];
}
