import type {SoakReport} from './soak.js';

/**
 * The maximum size of the write-ahead log. SQLite copies it into the database and rewrites it from its start
 * after 1000 pages of 4 KiB (https://www.sqlite.org/wal.html#automatic_checkpoint). A reader delays that
 * while it reads, so twice as much is allowed.
 */
const MAX_WAL_BYTES = 8 * 2 ** 20;

/** Returns all flaws. @param growth allowed ratio of memory in the last tenth to that in the second one */
export function judge({memory, mostWal, flaws}: SoakReport, growth: number): string[] {
  const judged = [...flaws];
  if (!(memory.late <= memory.early * growth)) judged.push('memory grows');
  if (!(mostWal <= MAX_WAL_BYTES)) judged.push('the write-ahead log grows');
  return judged;
}

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** Formats a soak in a few lines, for people. */
export function formatSoak(report: SoakReport, flaws: readonly string[]): string {
  const {issued, requests, seconds, counter, memory, mostWal} = report;
  const growth = ((memory.late / memory.early - 1) * 100).toFixed(1);
  return [
    `${issued} integers in ${requests} requests and ${seconds.toFixed(0)} s: ${(requests / seconds).toFixed(0)} requests per second`,
    `the counter is ${counter}; one run without a gap, nothing issued twice`,
    `memory: ${mebibytes(memory.early)} in the second tenth, ${mebibytes(memory.late)} in the last (${growth} %)`,
    `write-ahead log: ${mebibytes(mostWal)} at most, ${mebibytes(MAX_WAL_BYTES)} allowed`,
    flaws.length === 0 ? 'nothing is wrong' : `WRONG:\n${flaws.join('\n')}`,
  ].join('\n');
}
