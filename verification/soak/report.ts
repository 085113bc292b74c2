import type {SoakReport} from './soak.js';

/**
 * The most that the write-ahead log may hold, in bytes. SQLite copies it into the database and begins it anew after
 * 1000 pages of 4 KiB (https://www.sqlite.org/wal.html#automatic_checkpoint); a reader holds that up for as long as it
 * reads, so twice as much is allowed.
 */
const MOST_WAL = 8 * 2 ** 20;

/** Everything that is wrong. @param growth how much more memory the last tenth may take than the second one */
export function judge({memory, mostWal, flaws}: SoakReport, growth: number): string[] {
  const judged = [...flaws];
  if (!(memory.late <= memory.early * growth)) judged.push('memory grows');
  if (!(mostWal <= MOST_WAL)) judged.push('the write-ahead log grows');
  return judged;
}

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** A soak in a few lines, for people. */
export function formatSoak(report: SoakReport, flaws: readonly string[]): string {
  const {issued, requests, seconds, counter, memory, mostWal} = report;
  const growth = ((memory.late / memory.early - 1) * 100).toFixed(1);
  return [
    `${issued} integers in ${requests} requests and ${seconds.toFixed(0)} s: ${(requests / seconds).toFixed(0)} requests a second`,
    `the counter stands at ${counter}; one run without a gap, nothing given twice`,
    `memory: ${mebibytes(memory.early)} in the second tenth, ${mebibytes(memory.late)} in the last (${growth} %)`,
    `write-ahead log: ${mebibytes(mostWal)} at most, ${mebibytes(MOST_WAL)} allowed`,
    flaws.length === 0 ? 'nothing is wrong' : `WRONG:\n${flaws.join('\n')}`,
  ].join('\n');
}
