import {setTimeout as sleep} from 'node:timers/promises';
import {backoff} from './backoff.js';

/** When to try again, and for how long. */
export interface RetryOptions {
  /** Milliseconds after which the last error is thrown. */
  readonly timeoutMs: number;
  readonly maxAttempts?: number;
  /** Says of a transient error whether trying again is safe. Default: yes. */
  readonly isRepeatable?: (error: unknown) => boolean;
  /** Milliseconds before the next try. Default: doubling from a few, with jitter. */
  readonly pauseMs?: number;
  /** Is called before each pause. */
  readonly onPause?: ((error: unknown, attempt: number, pauseMs: number) => void) | undefined;
  /** Makes the error that is thrown when time runs out. Default: the last one. */
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

/** Reads the field, not the class: this module lies below the errors of the program. */
function isTransient(error: unknown): boolean {
  return error instanceof Error && 'transient' in error && error.transient === true;
}
