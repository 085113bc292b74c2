import {setTimeout as sleep} from 'node:timers/promises';
import {backoff} from './backoff.js';
import {UniqueIDError} from '../core/errors.js';

/**
 * Runs `work` again as long as it fails with a `transient` error, such as a lock held by another process.
 *
 * @param timeoutMs how long to go on, in milliseconds; then the last error is thrown
 * @param isRepeatable which of these errors left nothing done, where not all do
 */
export async function retryTransient<T>(
  work: () => Promise<T>,
  timeoutMs: number,
  isRepeatable: (error: UniqueIDError) => boolean = () => true,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (let failures = 1; ; failures++) {
    try {
      return await work();
    } catch (error) {
      const pause = backoff(failures);
      const over = performance.now() + pause > deadline;
      if (over || !(error instanceof UniqueIDError) || !error.transient || !isRepeatable(error)) throw error;
      await sleep(pause);
    }
  }
}
