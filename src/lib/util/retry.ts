import {setTimeout as sleep} from 'node:timers/promises';
import {backoff} from './backoff.js';

/** When to retry, and for how long. */
export interface RetryOptions {
  /** Milliseconds after which the last error is thrown. */
  readonly timeoutMs: number;
  readonly maxAttempts?: number;
  /** Returns true if retrying after this transient error is safe. Default: always. */
  readonly isRepeatable?: (error: unknown) => boolean;
  /** Milliseconds before the next attempt. Default: `backoff`. */
  readonly pauseMs?: number;
  /** Called before each pause. */
  readonly onPause?: ((error: unknown, attempt: number, pauseMs: number) => void) | undefined;
  /** Makes the error that is thrown after the time limit. Default: the last one. */
  readonly timeoutError?: (last: unknown) => unknown;
}

/** Repeats `work` while it fails with a transient error, such as a lock that another process holds. */
export async function retryTransient<T>(
  work: () => Promise<T>,
  {timeoutMs, maxAttempts = Infinity, isRepeatable = () => true, ...options}: RetryOptions,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!isTransient(error) || attempt >= maxAttempts || !isRepeatable(error)) throw error;
      const pauseMs = options.pauseMs ?? backoff(attempt);
      if (performance.now() + pauseMs >= deadline) throw options.timeoutError?.(error) ?? error;
      options.onPause?.(error, attempt, pauseMs);
      await sleep(pauseMs);
    }
  }
}

/** Reads the field, not the class: this module is in a layer below the errors of the program. */
function isTransient(error: unknown): boolean {
  return error instanceof Error && 'transient' in error && error.transient === true;
}
