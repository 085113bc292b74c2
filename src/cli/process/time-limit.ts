import {UniqueIDError} from '../../lib/core/errors.js';
import {reportError} from './report-error.js';

/** How long a command may take. */
export interface TimeLimit {
  readonly limitMs: number;
  /** Milliseconds that are left, at least 1; all of them after `lift`. */
  readonly leftMs: () => number;
  /** Ends the limit: the work is done, or waits for a person. */
  readonly lift: () => void;
}

/**
 * Ends the process with `DATABASE_UNAVAILABLE` unless `lift` is called in time. Nothing cancels a name look-up or a
 * handshake inside a driver, and each would keep the process alive; so the process ends here.
 *
 * @param location the database, without its password
 */
export function startTimeLimit(limitMs: number, json: boolean, location: string): TimeLimit {
  const deadline = performance.now() + limitMs;
  const timer = setTimeout(() => {
    reportError(
      new UniqueIDError(
        'DATABASE_UNAVAILABLE',
        `The database ${location} did not answer within ${limitMs / 1000} s.`,
        {transient: true, hint: 'Check that it runs and is not overloaded or locked, or allow more time.'},
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
