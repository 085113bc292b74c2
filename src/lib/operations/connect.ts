import type {DatabaseUrl} from '../config/database-url.js';
import {toUniqueIDError, type UniqueIDError} from '../core/errors.js';
import {openStore} from '../store/open.js';
import type {OpenOptions, Store} from '../store/store.js';
import {retryTransient} from '../util/retry.js';

export interface ConnectOptions extends OpenOptions {
  readonly attempts: number;
  /** The pause between two attempts, in milliseconds. */
  readonly waitMs: number;
  /** Bound of all attempts together, in milliseconds; also shortens the pauses between them. */
  readonly limitMs?: number | undefined;
  /** Called before each pause, which takes `pauseMs` milliseconds. */
  readonly onWait?: (error: UniqueIDError, attempt: number, pauseMs: number) => void;
}

/** Shortens the pause, because `connect_wait` may be longer than the whole limit. */
const MIN_ATTEMPTS_WITHIN_LIMIT = 10;

/**
 * Opens a store, and waits for an unavailable database, as the Python service does with `connect_attempts`
 * and `connect_wait`. Immediately throws an error that is not transient. The limit does not interrupt a
 * running attempt: the caller must end it.
 */
export function connectStore(url: DatabaseUrl, options: ConnectOptions): Promise<Store> {
  const {attempts, waitMs, limitMs = Infinity, onWait} = options;
  return retryTransient(() => openStore(url, options), {
    timeoutMs: limitMs,
    maxAttempts: attempts,
    pauseMs: Math.min(waitMs, limitMs / MIN_ATTEMPTS_WITHIN_LIMIT),
    onPause: (error, attempt, pauseMs) => {
      onWait?.(toUniqueIDError(error), attempt, pauseMs);
    },
    timeoutError: (last) => withLimit(toUniqueIDError(last), limitMs),
  });
}

/** Adds the limit to the error of the last attempt. */
function withLimit(last: UniqueIDError, limitMs: number): UniqueIDError {
  return last.reworded(`${last.message} Gave up after ${limitMs / 1000} s.`, last.cause);
}
