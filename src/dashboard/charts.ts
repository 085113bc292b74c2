import {charts, lineValue, type ChartKind} from '../lib/server/dashboard/view/charts.js';
import {Chart, type ChartData} from './chart.js';
import type {Row} from './history.js';
import {clockTime} from './times.js';
import {element} from './update.js';

/** The charts at the top of the page, with the values in their heads. */
export class Charts {
  readonly #cards = charts.map((kind) => new Card(kind));

  show(samples: readonly Row[], now: number): void {
    for (const card of this.#cards) card.show(samples, now);
  }
}

class Card {
  readonly #kind: ChartKind;
  readonly #chart: Chart;
  readonly #values: readonly HTMLElement[];
  readonly #at: HTMLElement | null;
  #samples: readonly Row[] = [];
  #hovered: number | undefined;

  constructor(kind: ChartKind) {
    this.#kind = kind;
    const head = element(`${kind.id}-values`);
    this.#values = Array.from(head.querySelectorAll('b'));
    this.#at = head.parentElement?.querySelector('.at') ?? null;
    this.#chart = new Chart(element(`${kind.id}-plot`), {
      labels: kind.lines.map(({label}) => label),
      onHover: (index) => {
        this.#hovered = index;
        this.#showValues();
      },
    });
  }

  show(samples: readonly Row[], now: number): void {
    this.#samples = samples;
    const times = samples.map(([time]) => time / 1000);
    const lines = this.#kind.lines.map(({column}) => samples.map((sample) => sample[column] ?? null));
    this.#chart.set([times, ...lines] satisfies ChartData, now);
    this.#showValues();
    const {title, lines: kinds} = this.#kind;
    const values = kinds.map((line) => `${line.label} ${lineValue(line, samples.at(-1))}`);
    this.#chart.describe(`${title} over the last 15 minutes; now ${values.join(', ')}.`);
  }

  /** Shows the values below the pointer, else the last ones. */
  #showValues(): void {
    const sample = this.#hovered === undefined ? this.#samples.at(-1) : this.#samples[this.#hovered];
    for (const [index, line] of this.#kind.lines.entries()) {
      const target = this.#values[index];
      if (target !== undefined) target.textContent = lineValue(line, sample);
    }
    const isPast = this.#hovered !== undefined && sample !== undefined;
    if (this.#at !== null) this.#at.textContent = isPast ? clockTime(sample[0]) : '';
  }
}
