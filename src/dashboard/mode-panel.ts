import type {ModeHistory} from '../lib/server/dashboard/document.js';
import {html} from '../lib/server/dashboard/view/html.js';
import {modeFactsView} from '../lib/server/dashboard/view/modes.js';
import type {Clock} from '../lib/server/dashboard/view/verdict.js';
import {visible} from '../lib/util/text/visible.js';
import {Chart, valueText} from './chart.js';
import {clockTime} from './times.js';
import {element, update} from './update.js';

const HISTORY_MS = 900_000;

/** The chart of one mode, above the table. */
export class ModePanel {
  readonly #panel = element('mode');
  #mode: string | undefined;
  #chart: Chart | undefined;
  #points: readonly (readonly [number, number])[] = [];
  #hovered: number | undefined;

  /** True if the next answer must hold all points of this mode. */
  needsAll(mode: string | undefined): boolean {
    return mode !== undefined && (mode !== this.#mode || this.#points.length === 0);
  }

  /** @param found `null` if no mode is chosen, or it does not exist */
  show(mode: string | undefined, found: ModeHistory | null, clock: Clock): void {
    if (mode !== this.#mode) this.#open(mode);
    if (mode === undefined) return;
    if (found === null) {
      update(
        'mode-facts',
        html`<h2 id="mode-title" tabindex="-1">No mode <bdi class="name">${visible(mode)}</bdi></h2>
          <p>The database has no such mode, or it is beyond those that are listed.</p>`,
      );
      return;
    }
    update('mode-facts', modeFactsView(found, clock));
    const last = this.#points.at(-1)?.[0] ?? 0;
    const added = found.history.filter(([time]) => time > last);
    this.#points = [...this.#points, ...added].filter(([time]) => time > clock.now - HISTORY_MS - 1000);
    const [times, rates] = [this.#points.map(([time]) => time / 1000), this.#points.map(([, rate]) => rate)];
    this.#chart?.set([times, rates], clock.now);
    this.#showValue();
  }

  #open(mode: string | undefined): void {
    this.#mode = mode;
    this.#points = [];
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
    const point = this.#hovered === undefined ? this.#points.at(-1) : this.#points[this.#hovered];
    element('mode-value').textContent = valueText(point?.[1]);
    element('mode-at').textContent =
      this.#hovered === undefined || point === undefined ? '' : clockTime(point[0]);
    this.#chart?.describe(
      `Integers per second over the last 15 minutes; now ${valueText(this.#points.at(-1)?.[1])}.`,
    );
  }
}
