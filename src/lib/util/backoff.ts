/** The longest pause between two tries, in milliseconds: service resumes this soon after a database is back. */
const LONGEST_MS = 250;

/**
 * How long to pause before trying again, in milliseconds: doubling from a few, with jitter, so that
 * several processes that failed together do not come back together.
 *
 * @param failures how many tries have failed in a row; at least 1
 */
export function backoff(failures: number): number {
  const ceiling = Math.min(LONGEST_MS, 2 ** (Math.min(failures, 10) + 1));
  return ceiling / 2 + (Math.random() * ceiling) / 2;
}
