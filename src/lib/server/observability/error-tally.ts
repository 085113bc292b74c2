import type {ErrorCode, UniqueIDError} from '../../core/errors.js';

/** The errors of one code in the last hour. */
export interface ErrorSummary {
  readonly code: string;
  readonly status: number;
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly lastAt: number;
  readonly message: string;
  readonly requestId: string;
}

const HOUR_MINUTES = 60;
const MINUTE_MS = 60_000;

/** A message may hold a mode of 255 characters and a location; a page has no room for more. */
const MAX_MESSAGE_LENGTH = 600;

interface Tally {
  /** Counts per minute, in a ring. */
  readonly minutes: number[];
  lastMinute: number;
  lastAt: number;
  status: number;
  message: string;
  requestId: string;
}

/** Counts errors by code over the last hour; its memory is bounded by the number of codes. */
export class ErrorTally {
  /** In the order of their last errors. */
  readonly #tallies = new Map<ErrorCode, Tally>();

  record({code, message, hint, httpStatus}: UniqueIDError, requestId: string, now = Date.now()): void {
    const minute = Math.floor(now / MINUTE_MS);
    const tally = this.#tallies.get(code) ?? newTally(minute);
    this.#tallies.delete(code);
    this.#tallies.set(code, tally);
    advance(tally, minute);
    const index = minute % HOUR_MINUTES;
    tally.minutes[index] = (tally.minutes[index] ?? 0) + 1;
    const text = hint === undefined ? message : `${message} ${hint}`;
    Object.assign(tally, {lastAt: now, status: httpStatus, message: shorten(text), requestId});
  }

  /** Returns the errors of the last hour, the most frequent first; of equals, the latest. */
  summaries(now = Date.now()): readonly ErrorSummary[] {
    const summaries: ErrorSummary[] = [];
    for (const [code, tally] of [...this.#tallies].reverse()) {
      advance(tally, Math.floor(now / MINUTE_MS));
      const count = tally.minutes.reduce((sum, each) => sum + each, 0);
      const {status, lastAt, message, requestId} = tally;
      if (count > 0) summaries.push({code, status, count, lastAt, message, requestId});
    }
    return summaries.sort((a, b) => b.count - a.count);
  }

  /** Returns the newest failure of the service itself, apart from those of quarantined modes. */
  lastFailure(): {readonly code: ErrorCode; readonly message: string; readonly lastAt: number} | undefined {
    let found: {readonly code: ErrorCode; readonly message: string; readonly lastAt: number} | undefined;
    for (const [code, {status, message, lastAt}] of this.#tallies) {
      if (status < 500 || code === 'COUNTER_REGRESSED' || lastAt < (found?.lastAt ?? 0)) continue;
      found = {code, message, lastAt};
    }
    return found;
  }
}

function newTally(minute: number): Tally {
  const minutes = Array.from({length: HOUR_MINUTES}, () => 0);
  return {minutes, lastMinute: minute, lastAt: 0, status: 0, message: '', requestId: ''};
}

/** Clears the minutes that have passed since the last call. */
function advance(tally: Tally, minute: number): void {
  const passed = Math.min(Math.max(0, minute - tally.lastMinute), HOUR_MINUTES);
  for (let back = 0; back < passed; back++) tally.minutes[(minute - back) % HOUR_MINUTES] = 0;
  tally.lastMinute = Math.max(minute, tally.lastMinute);
}

function shorten(text: string): string {
  return text.length > MAX_MESSAGE_LENGTH ? `${text.slice(0, MAX_MESSAGE_LENGTH)}…` : text;
}
