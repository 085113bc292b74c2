import {withTimeLimit} from '../../util/time-limit.js';
import {openStderr, type LogOutput} from './log-output.js';

/** Lines in memory for one destination, in bytes; further lines are dropped. */
const MAX_WAITING_BYTES = 1_048_576;

/** Pause after a destination failed. */
const FAILURE_PAUSE_MS = 1000;

/** Pause after a destination took no more bytes, such as a pipe without a reader. */
const BUSY_PAUSE_MS = 100;

const NEWLINE = 0x0a;
const EMPTY = Buffer.alloc(0);

/** Receives the first dropped line of a period of trouble, and its end. */
export interface SinkEvents {
  readonly failing: (reason: string) => void;
  readonly recovered: (dropped: number) => void;
}

/**
 * Writes lines to a destination that may be full, closed or unread. Never throws, never waits, and keeps
 * a bounded number of lines in memory. Drops and counts lines that cannot be written.
 */
export class LogSink {
  readonly #output: LogOutput;
  #events: SinkEvents | undefined;
  #waiting: string[] = [];
  #waitingBytes = 0;
  /** The unwritten rest of the current chunk. */
  #current: Buffer = EMPTY;
  #isWriting = false;
  #isWorking = true;
  #pause: NodeJS.Timeout | undefined;
  #mustReopen = false;
  /** True if the last byte written does not end a line. */
  #endsInLine = false;
  #dropped = 0;
  #droppedInTrouble = 0;
  #settled: (() => void)[] = [];

  constructor(output: LogOutput) {
    this.#output = output;
  }

  /** Counts the lines dropped since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Reports trouble to `events` from now on. */
  observe(events: SinkEvents): void {
    this.#events = events;
  }

  /** @param lines one or more, each with its line end */
  write(lines: string): void {
    const bytes = Buffer.byteLength(lines);
    if (this.#current.length + this.#waitingBytes + bytes > MAX_WAITING_BYTES) {
      this.#drop(lines, 'it accepts lines too slowly');
      return;
    }
    this.#waiting.push(lines);
    this.#waitingBytes += bytes;
    this.#proceed();
  }

  /** Opens the file by its name again after the current chunk is written. */
  reopen(): void {
    this.#mustReopen = true;
    // A busy file may never take the rest of the chunk.
    if (this.#pause !== undefined) this.#dropCurrent('it accepts lines too slowly');
    this.#proceedNow();
  }

  /** Waits until all lines are written or one more attempt has failed, but no longer than `limitMs`. */
  async flush(limitMs: number): Promise<void> {
    this.#proceedNow();
    if (this.#isIdle()) return;
    const settled = new Promise<void>((resolve) => this.#settled.push(resolve));
    await withTimeLimit(settled, limitMs, () => new Error('The log was not flushed in time.')).catch(
      () => undefined,
    );
  }

  #isIdle(): boolean {
    return !this.#isWriting && this.#current.length === 0 && this.#waiting.length === 0;
  }

  #proceedNow(): void {
    clearTimeout(this.#pause);
    this.#pause = undefined;
    this.#proceed();
  }

  /** Starts the next step unless one is running. */
  #proceed(): void {
    if (this.#isWriting || this.#pause !== undefined) return;
    if (this.#current.length === 0) {
      if (this.#mustReopen) this.#reopenNow();
      if (this.#waiting.length === 0) {
        this.#settle();
        return;
      }
      this.#current = Buffer.from((this.#endsInLine ? '\n' : '') + this.#waiting.join(''));
      this.#waiting = [];
      this.#waitingBytes = 0;
    }
    this.#isWriting = true;
    this.#output.write(this.#current, (error, count) => {
      this.#isWriting = false;
      if (error === null || error === undefined) this.#advance(count);
      else this.#fail(error);
    });
  }

  #advance(count: number): void {
    this.#isWorking = true;
    if (count > 0) this.#endsInLine = this.#current[count - 1] !== NEWLINE;
    this.#current = this.#current.subarray(count);
    this.#proceed();
  }

  #fail(error: NodeJS.ErrnoException): void {
    const isBusy = error.code === 'EAGAIN';
    this.#isWorking = false;
    if (!isBusy) this.#dropCurrent(error.message);
    this.#pause = setTimeout(
      () => {
        this.#proceedNow();
      },
      isBusy ? BUSY_PAUSE_MS : FAILURE_PAUSE_MS,
    );
    this.#pause.unref();
    if (!isBusy) this.#settle();
  }

  #reopenNow(): void {
    this.#mustReopen = false;
    try {
      this.#output.reopen?.();
      this.#endsInLine = false;
    } catch (error) {
      this.#events?.failing(`cannot reopen it: ${(error as Error).message}`);
    }
  }

  #dropCurrent(reason: string): void {
    const lines = this.#current.toString();
    this.#current = EMPTY;
    if (lines !== '') this.#drop(lines, reason);
  }

  #drop(lines: string, reason: string): void {
    const isFirst = this.#droppedInTrouble === 0;
    const count = lines.split('\n').filter((line) => line !== '').length;
    this.#dropped += count;
    this.#droppedInTrouble += count;
    if (isFirst) this.#events?.failing(reason);
  }

  /** Resolves the pending flushes: their lines are written or cannot be. */
  #settle(): void {
    if (this.#droppedInTrouble > 0 && this.#isWorking && this.#isIdle()) this.#recover();
    for (const settled of this.#settled.splice(0)) settled();
  }

  #recover(): void {
    const dropped = this.#droppedInTrouble;
    this.#droppedInTrouble = 0;
    this.#events?.recovered(dropped);
  }
}

let stderr: LogSink | undefined;

/** Returns the only sink for stderr, so that all its writers share one bound and one order. */
export function stderrSink(): LogSink {
  stderr ??= new LogSink(openStderr());
  return stderr;
}
