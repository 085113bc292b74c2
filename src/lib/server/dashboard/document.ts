import type {ProblemDocument, StatusDocument} from '../../operations/status-document.js';
import type {ErrorSummary} from '../observability/error-tally.js';

// Types alone: the page in the browser imports them too.

/** The answer of `GET /dashboard.json`. */
export interface DashboardAnswer extends DashboardDocument {
  /** The milliseconds after which this page asks again; they grow with the number of open pages. */
  readonly pollMs: number;
}

/** All that the page shows; pages that ask for the same share it. */
export interface DashboardDocument {
  readonly version: string;
  /** The time of the last sample, in milliseconds since 1970. */
  readonly now: number;
  readonly service: {
    /** Differs for each start of each service. */
    readonly instance: string;
    readonly uptimeSeconds: number;
    /** Open connections; `null` in an embedded service. */
    readonly connections: number | null;
    readonly queue: number;
    readonly maxQueue: number;
  };
  readonly verdict: VerdictDocument;
  /** `null` until the database was read. */
  readonly database: StatusDocument['database'] | null;
  readonly schema: {readonly version: string; readonly problem: ProblemDocument | null} | null;
  /** The samples after `since`, the oldest first. */
  readonly samples: readonly Sample[];
  /** `null` until the modes were read. */
  readonly modes: ModePageDocument | null;
  /** The mode that the query names; `null` without one, or if it does not exist. */
  readonly mode: ModeHistory | null;
  /** The errors of the last hour, the most frequent first. */
  readonly errors: readonly ErrorSummary[];
}

/**
 * One second. Times are in milliseconds since 1970, latencies in milliseconds, and rates per second. A value
 * that does not exist, such as the latency of no request, is `null`.
 */
export type Sample = readonly [
  time: number,
  integers: number,
  requests: number,
  rejected: number,
  p50: number | null,
  p99: number | null,
  batch: number | null,
  queue: number,
];

export type VerdictState = 'healthy' | 'degraded' | 'unavailable';

export interface VerdictDocument {
  readonly state: VerdictState;
  /** When it became unavailable, in milliseconds since 1970; `null` in other states. */
  readonly since: number | null;
  /** Why it is not healthy, the worst first. */
  readonly reasons: readonly Reason[];
  /** The first quarantined modes. */
  readonly quarantined: readonly QuarantinedMode[];
  readonly quarantinedCount: number;
}

export interface Reason {
  /** The code of the error, if one is the reason. */
  readonly code: string | null;
  readonly text: string;
  /** The advice to the operator; `null` if the text says it. */
  readonly action: string | null;
}

export interface QuarantinedMode {
  readonly mode: string;
  /** Decimal digits. */
  readonly found: string;
  readonly highWaterMark: string;
  /** The command that mends it. */
  readonly command: string;
}

export interface ModePageDocument {
  /** Modes in the database, as far as they are listed. */
  readonly total: number;
  /** Modes whose name contains the searched text. */
  readonly matching: number;
  /** The number of modes before the first row. */
  readonly offset: number;
  readonly pageSize: number;
  /** True if the database holds more modes than the list. */
  readonly isPartial: boolean;
  readonly rows: readonly ModeRow[];
}

export interface ModeRow {
  readonly mode: string;
  /** The next index in decimal digits; `null` if the row holds no integer. */
  readonly next: string | null;
  /** Integers per second; `null` before the second reading. */
  readonly rate: number | null;
  /** The used share of all integers; `null` if it is too small to be a concern. */
  readonly usedShare: number | null;
  /** When it runs out at the present rate, in milliseconds since 1970; `null` if not within ten years. */
  readonly runsOutAt: number | null;
  /** True if it needs an operator: damaged, quarantined, raised lately or nearly used up. */
  readonly isWarned: boolean;
  readonly isQuarantined: boolean;
  /** True if its counter went backwards within the last hour, and was raised. */
  readonly isRaised: boolean;
  /** Integers per second that this service issued, in steps of 30 seconds; empty if it issued none lately. */
  readonly spark: readonly number[];
}

export interface ModeHistory extends ModeRow {
  /**
   * Times in milliseconds since 1970, and integers per second that this service issued. `null` stands for a
   * time at which the mode was not recorded.
   */
  readonly history: readonly (readonly [time: number, rate: number | null])[];
}
