import {UniqueIDError} from '../../lib/core/errors.js';
import {reportError} from './report-error.js';

/** The time that a command may take. */
export interface TimeLimit {
  readonly limitMs: number;
  /** Returns the milliseconds left, at least 1; the whole limit after `lift`. */
  readonly leftMs: () => number;
  /** Cancels the limit when the work is done or waits at a prompt. */
  readonly lift: () => void;
}

/** The resolver of glibc waits this long for an unresponsive name server: 5 s twice. */
const DEFAULT_NAME_LOOKUP_MS = 10_000;

/**
 * Bounds the lookup of a name to about 2 s if the time limit is below the resolver's own. Node waits for a
 * running lookup at its exit, even in `process.exit`. Affects glibc only, and keeps a user's own options.
 */
export function limitNameLookups(limitMs: number): void {
  if (limitMs < DEFAULT_NAME_LOOKUP_MS) process.env['RES_OPTIONS'] ??= 'timeout:1 attempts:2';
}

/**
 * Ends the process with `DATABASE_UNAVAILABLE` unless `lift` is called in time. A name look-up or handshake
 * inside a driver cannot be cancelled, and would keep the process alive.
 *
 * @param location the database, without its password
 */
export function startTimeLimit(limitMs: number, json: boolean, location: string): TimeLimit {
  limitNameLookups(limitMs);
  const deadline = performance.now() + limitMs;
  const timer = setTimeout(() => {
    reportError(
      new UniqueIDError(
        'DATABASE_UNAVAILABLE',
        `The database ${location} did not answer within ${limitMs / 1000} s.`,
        {
          transient: true,
          hint: 'Check that it is running and not overloaded or locked, or raise the time limit.',
        },
      ),
      json,
    );
    process.exit();
  }, limitMs);
  let isLifted = false;
  return {
    limitMs,
    leftMs: () => (isLifted ? limitMs : Math.max(1, deadline - performance.now())),
    lift: () => {
      isLifted = true;
      clearTimeout(timer);
    },
  };
}
