import type {DatabaseUrl} from '../config/database-url.js';
import {toUniqueIDError, type UniqueIDError} from '../core/errors.js';
import {openStore} from '../store/open.js';
import type {OpenOptions, Store} from '../store/store.js';
import {retryTransient} from '../util/retry.js';

/** How often and how patiently to try. */
export interface ConnectOptions extends OpenOptions {
  readonly attempts: number;
  /** The pause between two attempts, in milliseconds. */
  readonly waitMs: number;
  /** How long all attempts may take, in milliseconds; shortens the pauses between them as well. */
  readonly limitMs?: number | undefined;
  /** Called before each pause, which takes `pauseMs` milliseconds. */
  readonly onWait?: (error: UniqueIDError, attempt: number, pauseMs: number) => void;
}

/** A pause of `connect_wait` may be longer than the limit: at least so many tries fit into it. */
const TRIES_WITHIN_LIMIT = 10;

/**
 * Opens a store, and waits for a database that is not up yet, as the Python service does with
 * `connect_attempts` and `connect_wait`. What waiting cannot mend is thrown at once. An attempt under way at the end of
 * the limit is not cut short: the caller ends it.
 */
export function connectStore(url: DatabaseUrl, options: ConnectOptions): Promise<Store> {
  const {attempts, waitMs, limitMs = Infinity, onWait} = options;
  return retryTransient(() => openStore(url, options), {
    timeoutMs: limitMs,
    maxAttempts: attempts,
    pauseMs: Math.min(waitMs, limitMs / TRIES_WITHIN_LIMIT),
    onPause: (error, attempt, pauseMs) => {
      onWait?.(toUniqueIDError(error), attempt, pauseMs);
    },
    timeoutError: (last) => gaveUp(toUniqueIDError(last), limitMs),
  });
}

/** Returns the error of the last attempt, with how long all of them took. */
function gaveUp(last: UniqueIDError, limitMs: number): UniqueIDError {
  return last.reworded(`${last.message} Gave up after ${limitMs / 1000} s.`, last.cause);
}
