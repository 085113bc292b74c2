import {formatRate} from '../../../util/text/numbers.js';
import type {Sample} from '../document.js';
import {html, type Html} from './html.js';
import {sparkline} from './sparkline.js';

/** Samples that a chart has room for. */
export const CHART_SLOTS = 900;

/** One line of a chart. */
export interface Line {
  readonly label: string;
  /** The place of its value in a sample. */
  readonly column: 1 | 2 | 3 | 4 | 5 | 6 | 7;
  readonly unit: string;
}

export interface ChartKind {
  readonly id: string;
  readonly title: string;
  readonly lines: readonly Line[];
}

/** The charts of the page, in its order. */
export const charts: readonly ChartKind[] = [
  {id: 'integers', title: 'Integers issued per second', lines: [{label: 'issued', column: 1, unit: ''}]},
  {
    id: 'requests',
    title: 'Requests per second',
    lines: [
      {label: 'answered', column: 2, unit: ''},
      {label: 'rejected', column: 3, unit: ''},
    ],
  },
  {
    id: 'latency',
    title: 'Latency',
    lines: [
      {label: 'p50', column: 4, unit: ' ms'},
      {label: 'p99', column: 5, unit: ' ms'},
    ],
  },
  {
    id: 'batch',
    title: 'Group commit',
    lines: [
      {label: 'per commit', column: 6, unit: ''},
      {label: 'waiting', column: 7, unit: ''},
    ],
  },
];

/** Formats one value of a line; an en dash stands for no value. */
export function lineValue({column, unit}: Line, sample: readonly (number | null)[] | undefined): string {
  const value = sample?.[column] ?? null;
  return value === null ? '–' : `${formatRate(value)}${unit}`;
}

function valueView(line: Line, index: number, last: Sample | undefined): Html {
  const value = lineValue(line, last);
  return html`<span class="value line${index}"
    ><b>${value}</b><span class="label">${line.label}</span></span
  >`;
}

/** Returns the cards of all charts, each with its last values and a line that needs no script. */
export function chartsView(samples: readonly Sample[], slots: number): Html {
  const last = samples.at(-1);
  return html`${charts.map(
    ({id, title, lines}) =>
      html`<section class="card chart" aria-labelledby="${id}-title">
        <h2 id="${id}-title">${title}</h2>
        <p class="values" id="${id}-values">${lines.map((line, index) => valueView(line, index, last))}</p>
        <span class="at"></span>
        <div class="plot" id="${id}-plot">
          ${sparkline(
            samples.map((sample) => sample[lines.at(-1)?.column === 5 ? 5 : (lines[0]?.column ?? 1)] ?? 0),
            slots,
          )}
        </div>
      </section>`,
  )}`;
}
