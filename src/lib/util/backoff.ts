/** Longest pause, in milliseconds: service resumes this soon after the database is available again. */
const MAX_PAUSE_MS = 250;

/**
 * Returns the pause before the next attempt, in milliseconds. It doubles from a few milliseconds, with
 * jitter, so that several processes that failed together do not retry together.
 *
 * @param failures how many attempts have failed in a row; at least 1
 */
export function backoff(failures: number): number {
  const ceiling = Math.min(MAX_PAUSE_MS, 2 ** (Math.min(failures, 10) + 1));
  return ceiling / 2 + (Math.random() * ceiling) / 2;
}
