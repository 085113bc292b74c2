import {setTimeout as sleep} from 'node:timers/promises';
import {toUniqueIDError} from '../../lib/core/errors.js';
import {isWarned, nameFilter} from '../../lib/operations/mode-list.js';
import type {ModeDocument, StatusDocument} from '../../lib/operations/status-document.js';
import {hasStdoutFailed} from '../process/stdout.js';
import type {Colours} from '../terminal/colour.js';
import {openLiveScreen, type LiveScreen, type PressedKey} from '../terminal/live-screen.js';
import {ColumnWidths} from '../terminal/table.js';
import {firstWidths, rateColumns} from './columns.js';
import {pressKey, type Controls} from './controls.js';
import {formatFrame, type Outage} from './frame.js';
import {MAX_LISTED_MODES, readListing, sortModes, type Listing, type StatusReader} from './listing.js';
import {Rates} from './rates.js';
import {isLasting} from './stream.js';

export interface WatchOptions {
  readonly listing: Listing;
  readonly intervalMs: number;
  readonly colour: Colours;
}

/** The screen shows an outage if an answer takes longer. */
const SLOW_ANSWER_THRESHOLD_MS = 2000;

/** Shows the current status until a key ends it; shows an outage and waits for its end. */
export async function watchStatus(
  read: StatusReader,
  terminal: NodeJS.WriteStream,
  options: WatchOptions,
): Promise<void> {
  const watch = new Watch(read, terminal, options);
  await watch.run();
}

class Watch {
  readonly #read: StatusReader;
  readonly #terminal: NodeJS.WriteStream;
  readonly #options: WatchOptions;
  readonly #rates = new Rates();
  readonly #minWidths = new ColumnWidths(firstWidths);
  #screen: LiveScreen | undefined;
  #status: StatusDocument | undefined;
  #outage: Outage | undefined;
  #controls: Controls;
  #pageSize = 1;
  /** The list in the order of the screen; `undefined` after a change. */
  #listed: readonly ModeDocument[] | undefined;
  /** True if the last reading shows that warnings may concern modes beyond the page. */
  #hasHiddenWarnings = false;
  #wake = new AbortController();
  #tick: NodeJS.Timeout | undefined;
  #isDrawPending = false;
  #end: () => void = () => undefined;
  #fail: (error: unknown) => void = () => undefined;

  constructor(read: StatusReader, terminal: NodeJS.WriteStream, options: WatchOptions) {
    this.#read = read;
    this.#terminal = terminal;
    this.#options = options;
    this.#controls = {order: options.listing.order, filter: '', isTyping: false, offset: 0};
  }

  async run(): Promise<void> {
    const ended = new Promise<void>((resolve, reject) => {
      this.#end = resolve;
      this.#fail = reject;
    });
    const draw = (): void => {
      this.#drawSoon();
    };
    this.#terminal.on('resize', draw);
    this.#screen = openLiveScreen(this.#terminal, {
      onKey: (key) => {
        this.#press(key);
      },
      onClose: this.#end,
    });
    this.#drawSoon();
    try {
      await Promise.race([this.#follow(), ended]);
    } finally {
      this.#terminal.removeListener('resize', draw);
      clearTimeout(this.#tick);
      this.#screen.leave();
      this.#screen = undefined;
    }
  }

  /** Reads and draws until the screen is left. */
  async #follow(): Promise<void> {
    while (this.#screen !== undefined) {
      const startedAt = performance.now();
      await this.#refresh();
      this.#drawSoon();
      this.#wake = new AbortController();
      // A long listing must not keep the database busy all the time.
      const restMs = Math.max(this.#options.intervalMs, performance.now() - startedAt);
      await sleep(restMs, undefined, {signal: this.#wake.signal}).catch(() => undefined);
    }
  }

  async #refresh(): Promise<void> {
    const startedAt = performance.now();
    const slow = setTimeout(() => {
      this.#outage ??= {since: startedAt, error: undefined};
      this.#drawSoon();
    }, SLOW_ANSWER_THRESHOLD_MS);
    try {
      const status = await readListing(this.#read, this.#neededListing());
      this.#rates.record(status.modes, performance.now());
      this.#hasHiddenWarnings ||= status.more && status.database.warnings.length > 0;
      this.#status = status;
      this.#listed = undefined;
      this.#outage = undefined;
    } catch (error) {
      if (isLasting(error)) throw error;
      this.#outage = {since: this.#outage?.since ?? startedAt, error: toUniqueIDError(error)};
    } finally {
      clearTimeout(slow);
    }
  }

  /** Returns the listing that the screen needs: only one page unless any mode may be among the first. */
  #neededListing(): Listing {
    const {listing} = this.#options;
    const {order, filter} = this.#controls;
    const needsAll = filter !== '' || this.#hasHiddenWarnings;
    return {...listing, order, limit: needsAll ? MAX_LISTED_MODES : listing.limit};
  }

  #press(key: PressedKey): void {
    const before = this.#controls;
    const after = pressKey(before, key, this.#pageSize);
    if (after === 'quit') {
      this.#end();
      return;
    }
    this.#controls = after;
    if (after.order !== before.order || after.filter !== before.filter) {
      this.#listed = undefined;
      // The list may need modes that were not read.
      if (this.#status?.more === true) this.#wake.abort();
    }
    this.#drawSoon();
  }

  /** Draws after the events that have already arrived, such as the letters of a pasted text. */
  #drawSoon(): void {
    if (this.#isDrawPending) return;
    this.#isDrawPending = true;
    setImmediate(() => {
      this.#isDrawPending = false;
      try {
        this.#draw();
      } catch (error) {
        this.#fail(error);
      }
    });
  }

  #draw(): void {
    if (this.#screen === undefined) return;
    const {columns: width, rows: height} = this.#terminal;
    const {listing, ...options} = this.#options;
    const listed = (this.#listed ??= this.#list());
    const hasMore = this.#status?.more === true || listed.length > listing.limit;
    const view = {
      status: this.#status,
      outage: this.#outage,
      listed: listed.slice(0, listing.limit),
      hasMore,
      controls: this.#controls,
    };
    const {hasKeyboard} = this.#screen;
    const extraColumns = rateColumns(this.#rates);
    const frame = formatFrame(view, {
      ...options,
      width,
      height,
      hasKeyboard,
      extraColumns,
      minWidths: this.#minWidths,
    });
    this.#controls = {...this.#controls, offset: frame.offset};
    this.#pageSize = frame.pageSize;
    this.#screen.draw(frame.lines);
    if (hasStdoutFailed()) this.#end();
    this.#tickWhileUnreachable();
  }

  /** Draws again when the outage is one whole second longer. */
  #tickWhileUnreachable(): void {
    clearTimeout(this.#tick);
    if (this.#outage === undefined) return;
    const elapsedMs = performance.now() - this.#outage.since;
    this.#tick = setTimeout(
      () => {
        this.#drawSoon();
      },
      1000 - (elapsedMs % 1000),
    );
  }

  /** Filters and sorts the modes; those that need an operator come first. */
  #list(): readonly ModeDocument[] {
    const {order, filter} = this.#controls;
    const modes = this.#status?.modes ?? [];
    const sorted = sortModes(filter === '' ? modes : modes.filter(nameFilter(filter)), order, this.#rates);
    const warned = sorted.filter(isWarned);
    return warned.length === 0 ? sorted : [...warned, ...sorted.filter((mode) => !isWarned(mode))];
  }
}
