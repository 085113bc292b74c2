import uPlot from 'uplot';
import {formatRate} from '../lib/util/text/numbers.js';
import {clockTime, shortTime} from './times.js';

const LAYOUT = {padding: [8, 6, 0, 0] as uPlot.Padding, legend: {show: false}};

const HISTORY_S = 900;
const MIN_SPAN_S = 60;

/** Values over time: the times in seconds since 1970, then the values of each line. */
export type ChartData = readonly [times: readonly number[], ...lines: (readonly (number | null)[])[]];

export interface ChartOptions {
  /** The names of the lines. */
  readonly labels: readonly string[];
  /** Called with the place of the values to show: those below the pointer, else `undefined` for the last. */
  readonly onHover: (index: number | undefined) => void;
}

/** One chart of the last 15 minutes. Arrow keys move its cursor. */
export class Chart {
  readonly #target: HTMLElement;
  readonly #options: ChartOptions;
  readonly #closed = new AbortController();
  #plot: uPlot;
  #data: ChartData = [[]];

  constructor(target: HTMLElement, options: ChartOptions) {
    this.#target = target;
    this.#options = options;
    target.replaceChildren();
    target.tabIndex = 0;
    target.setAttribute('role', 'group');
    this.#plot = this.#make();
    const resizes = new ResizeObserver(() => {
      this.#plot.setSize(this.#size());
    });
    resizes.observe(target);
    this.#closed.signal.addEventListener('abort', () => {
      resizes.disconnect();
    });
    this.#listen();
  }

  /** Removes the chart from its place. */
  close(): void {
    this.#closed.abort();
    this.#plot.destroy();
  }

  #listen(): void {
    const {signal} = this.#closed;
    // A canvas does not follow the style sheet.
    const redraw = (): void => {
      this.#plot.destroy();
      this.#plot = this.#make();
      this.#draw();
    };
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw, {signal});
    const move = (event: KeyboardEvent): void => {
      this.#moveCursor(event);
    };
    this.#target.addEventListener('keydown', move, {signal});
    const leave = (): void => {
      this.#plot.setCursor({left: -10, top: -10});
    };
    this.#target.addEventListener('blur', leave, {signal});
  }

  /** @param now the right end, in milliseconds since 1970 */
  set(data: ChartData, now: number): void {
    this.#data = data;
    this.#draw(now);
  }

  /** Describes the chart to those who do not see it. */
  describe(text: string): void {
    if (this.#target.getAttribute('aria-label') !== text) this.#target.setAttribute('aria-label', text);
  }

  #draw(now = (this.#data[0].at(-1) ?? 0) * 1000): void {
    const right = now / 1000;
    this.#plot.batch(() => {
      this.#plot.setData(this.#data as uPlot.AlignedData, false);
      // A service that has just started has less to show.
      const first = Math.min(this.#data[0][0] ?? right, right - MIN_SPAN_S);
      this.#plot.setScale('x', {min: Math.max(first, right - HISTORY_S), max: right});
    });
  }

  #moveCursor(event: KeyboardEvent): void {
    const step = {ArrowLeft: -1, ArrowRight: 1, PageUp: -60, PageDown: 60}[event.key];
    if (event.key === 'Escape') this.#plot.setCursor({left: -10, top: -10});
    const [times] = this.#data;
    if (step === undefined || times.length === 0) return;
    event.preventDefault();
    const from = this.#plot.cursor.idx ?? times.length;
    const index = Math.max(0, Math.min(times.length - 1, from + step));
    this.#plot.setCursor({left: this.#plot.valToPos(times[index] ?? 0, 'x'), top: 10});
  }

  #size(): {width: number; height: number} {
    return {width: Math.max(100, this.#target.clientWidth), height: Math.max(60, this.#target.clientHeight)};
  }

  #lines(colour: (name: string) => string): uPlot.Series[] {
    return this.#options.labels.map((label, index) => ({
      label,
      stroke: colour(`--line${index}`),
      width: 1.75,
      // Colours alone must not distinguish the lines.
      dash: index === 0 ? [] : [5, 4],
      fill: index === 0 ? colour('--fill') : 'transparent',
      points: {show: false},
    }));
  }

  #make(): uPlot {
    const style = getComputedStyle(this.#target);
    const colour = (name: string): string => style.getPropertyValue(name).trim();
    const fontSize = Number.parseFloat(style.fontSize) * 0.75;
    const axis = {
      stroke: colour('--muted'),
      grid: {stroke: colour('--grid'), width: 1},
      ticks: {show: false},
      font: `${fontSize}px system-ui, sans-serif`,
    };
    const lines = this.#lines(colour);
    return new uPlot(
      {
        ...this.#size(),
        ...LAYOUT,
        cursor: {drag: {x: false, y: false}, points: {size: 7}},
        scales: {y: {range: (_, __, max) => [0, Math.max(1, max * 1.1)]}},
        axes: [
          {
            ...axis,
            size: fontSize * 2,
            space: fontSize * 6,
            values: (_, splits, __, ___, step) => splits.map(step < 60 ? tickSecond : tickMinute),
          },
          {...axis, size: fontSize * 4.6, values: (_, splits) => splits.map(formatTick)},
        ],
        series: [{}, ...lines],
        hooks: {
          setCursor: [
            (plot) => {
              const isOver = (plot.cursor.left ?? -1) >= 0;
              this.#options.onHover(isOver ? (plot.cursor.idx ?? undefined) : undefined);
            },
          ],
        },
      },
      this.#data as uPlot.AlignedData,
      this.#target,
    );
  }
}

const tickMinute = (seconds: number): string => shortTime(seconds * 1000);
const tickSecond = (seconds: number): string => clockTime(seconds * 1000);

/** Formats a value of an axis in few characters: `1.5k`. */
function formatTick(value: number): string {
  if (value >= 1e9) return `${trim(value / 1e9)}G`;
  if (value >= 1e6) return `${trim(value / 1e6)}M`;
  if (value >= 1e3) return `${trim(value / 1e3)}k`;
  return Number.isInteger(value) ? String(value) : trim(value);
}

const trim = (value: number): string => String(Number(value.toPrecision(3)));

export const valueText = (value: number | null | undefined, unit = ''): string =>
  value === null || value === undefined ? '–' : `${formatRate(value)}${unit}`;
