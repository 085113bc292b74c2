import type {ModeHistory} from '../lib/server/dashboard/document.js';
import {html} from '../lib/server/dashboard/view/html.js';
import {modeFactsView} from '../lib/server/dashboard/view/modes.js';
import type {Clock} from '../lib/server/dashboard/view/verdict.js';
import {visible} from '../lib/util/text/visible.js';
import {Chart, valueText} from './chart.js';
import {History} from './history.js';
import {clockTime} from './times.js';
import {element, update} from './update.js';

/** The chart of one mode, above the table. */
export class ModePanel {
  readonly #panel = element('mode');
  #mode: string | undefined;
  #chart: Chart | undefined;
  #history = new History();
  #hovered: number | undefined;

  /** True if the next answer must hold all points of this mode. */
  needsAll(mode: string | undefined): boolean {
    return mode !== undefined && (mode !== this.#mode || this.#history.lastAt === 0);
  }

  /**
   * @param found `null` if the mode does not exist; `undefined` if the answer does not say so
   * @param instance names the process that answered
   */
  show(
    mode: string | undefined,
    found: ModeHistory | null | undefined,
    instance: string,
    clock: Clock,
  ): void {
    if (mode !== this.#mode) this.#open(mode);
    if (mode === undefined || found === undefined) return;
    if (found === null) {
      update(
        'mode-facts',
        html`<h2 id="mode-title" tabindex="-1">No mode <bdi class="name">${visible(mode)}</bdi></h2>
          <p>The database has no such mode, or it is beyond those that are listed.</p>`,
      );
      return;
    }
    update('mode-facts', modeFactsView(found, clock));
    this.#history.add(instance, found.history);
    const {rows} = this.#history;
    const [times, rates] = [rows.map(([time]) => time / 1000), rows.map(([, rate]) => rate ?? null)];
    this.#chart?.set([times, rates], clock.now);
    this.#showValue();
  }

  #open(mode: string | undefined): void {
    this.#mode = mode;
    this.#history = new History();
    this.#hovered = undefined;
    this.#chart?.close();
    this.#chart = undefined;
    this.#panel.hidden = mode === undefined;
    if (mode === undefined) return;
    update(
      'mode',
      html`<a class="close" href="#modes">Close</a>
        <div id="mode-facts">
          <h2 id="mode-title" tabindex="-1">Mode <bdi class="name">${visible(mode)}</bdi></h2>
        </div>
        <p class="values">
          <span class="value line0"
            ><b id="mode-value">…</b
            ><span class="label">integers per second that this service issued</span></span
          ><span class="at" id="mode-at"></span>
        </p>
        <div id="mode-plot"></div>`,
    );
    const plot = element('mode-plot');
    plot.className = 'plot';
    this.#chart = new Chart(plot, {
      labels: ['issued'],
      onHover: (index) => {
        this.#hovered = index;
        this.#showValue();
      },
    });
    element('mode-title').focus({preventScroll: true});
    this.#panel.scrollIntoView({block: 'nearest'});
  }

  #showValue(): void {
    const {rows} = this.#history;
    const point = this.#hovered === undefined ? rows.at(-1) : rows[this.#hovered];
    element('mode-value').textContent = valueText(point?.[1]);
    element('mode-at').textContent =
      this.#hovered === undefined || point === undefined ? '' : clockTime(point[0]);
    this.#chart?.describe(
      `Integers per second over the last 15 minutes; now ${valueText(rows.at(-1)?.[1])}.`,
    );
  }
}
