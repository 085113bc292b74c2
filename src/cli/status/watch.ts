import {setTimeout as sleep} from 'node:timers/promises';
import {toUniqueIDError, type UniqueIDError} from '../../lib/core/errors.js';
import type {StatusDocument} from '../../lib/operations/status-document.js';
import {visible, type Visible} from '../../lib/util/visible.js';
import type {Colours} from '../terminal/colour.js';
import {labelled} from '../terminal/labelled.js';
import {openLiveScreen} from '../terminal/live-screen.js';
import {formatDuration, formatRate} from '../terminal/numbers.js';
import {Rates} from './rates.js';
import {sparkline} from '../terminal/sparkline.js';
import {databaseLines, statusLines, type ModeColumn} from './screen.js';

/** Reads the status; called repeatedly, also after a failure. */
export type StatusSource = () => Promise<StatusDocument>;

export interface WatchOptions {
  readonly intervalMs: number;
  readonly colour: Colours;
  readonly signal: AbortSignal;
}

/** The content of the screen. */
interface View {
  readonly status: StatusDocument | undefined;
  /** Why `status` is old, and since when, in milliseconds of the monotonic clock. */
  readonly outage: {readonly error: UniqueIDError | undefined; readonly since: number} | undefined;
}

/** The screen shows an outage if an answer takes longer. */
const SLOW_ANSWER_THRESHOLD_MS = 2000;

/** Shows the current status until `signal` aborts; shows an outage and waits for its end. */
export async function watchStatus(
  source: StatusSource,
  terminal: NodeJS.WriteStream,
  options: WatchOptions,
): Promise<void> {
  const {signal} = options;
  const screen = openLiveScreen(terminal);
  const rates = new Rates();
  let view: View = {status: undefined, outage: undefined};
  const draw = (): void => {
    screen.draw(formatFrame(view, rates, terminal, options));
  };
  terminal.on('resize', draw);
  try {
    while (!signal.aborted) {
      view = await readView(source, view, (slow) => {
        view = slow;
        draw();
      });
      if (view.outage === undefined && view.status !== undefined)
        rates.record(view.status.modes, performance.now());
      draw();
      await sleep(options.intervalMs, undefined, {signal}).catch(() => undefined);
    }
  } finally {
    terminal.removeListener('resize', draw);
    screen.leave();
  }
}

/** Reads the source once, and calls `onSlow` every `SLOW_ANSWER_THRESHOLD_MS` until it answers. */
async function readView(source: StatusSource, previous: View, onSlow: (view: View) => void): Promise<View> {
  const since = previous.outage?.since ?? performance.now();
  const timer = setInterval(() => {
    onSlow({status: previous.status, outage: {error: previous.outage?.error, since}});
  }, SLOW_ANSWER_THRESHOLD_MS);
  try {
    return {status: await source(), outage: undefined};
  } catch (error) {
    return {status: previous.status, outage: {error: toUniqueIDError(error), since}};
  } finally {
    clearInterval(timer);
  }
}

function formatFrame(
  {status, outage}: View,
  rates: Rates,
  {columns: width, rows}: NodeJS.WriteStream,
  {intervalMs, colour}: WatchOptions,
): Visible[] {
  const footer = colour.dim(visible(`Refreshes every ${intervalMs / 1000} s · Ctrl-C quits`.slice(0, width)));
  const outageRows = outage === undefined ? [] : outageLines(outage, width, colour);
  if (status === undefined)
    return [
      ...(outageRows.length === 0 ? [visible('Waiting for an answer …')] : outageRows),
      visible(''),
      footer,
    ];
  const options = {width, colour, extraColumns: rateColumns(rates)};
  const above = databaseLines(status, options).length + outageRows.length + 1;
  // The headings, an empty line and the footer need three lines.
  const room = Math.max(2, rows - above - 3);
  return [...outageRows, ...statusLines(status, {...options, maxRows: room}), visible(''), footer];
}

function outageLines({error, since}: NonNullable<View['outage']>, width: number, colour: Colours): Visible[] {
  const what = error?.message ?? 'No answer.';
  const length = formatDuration((performance.now() - since) / 1000);
  return labelled('Outage', colour.red(visible(`${what} Down for ${length}; the data below is old.`)), width);
}

function rateColumns(rates: Rates): ModeColumn[] {
  return [
    {
      title: 'PER SECOND',
      cell: ({mode}) => {
        const last = rates.of(mode).at(-1);
        return last === undefined ? '…' : formatRate(last);
      },
    },
    {title: 'RATE', dropOrder: 3, alignLeft: true, cell: ({mode}) => sparkline(rates.of(mode))},
  ];
}
