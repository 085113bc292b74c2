import {isUseShown} from '../../lib/operations/mode-list.js';
import {nextText} from '../../lib/operations/status-words.js';
import type {ModeDocument} from '../../lib/operations/status-document.js';
import {formatPercent, formatRate, formatScaled} from '../../lib/util/text/numbers.js';
import {sparkline} from '../terminal/sparkline.js';
import type {Column} from '../terminal/table.js';
import {MAX_RATES_PER_MODE, type Rates} from './rates.js';

/** A column of the table of modes. */
export interface ModeColumn extends Column {
  readonly cell: (mode: ModeDocument) => string;
}

export const nameColumns: readonly ModeColumn[] = [
  {title: 'MODE', cell: ({mode}) => mode},
  {title: 'NEXT INDEX', cell: ({next}) => nextText(next)},
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
