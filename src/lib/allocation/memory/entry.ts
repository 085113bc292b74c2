import type {Line} from './lines.js';

/** The mark of one mode of one database, merged of all its lines. */
export interface Entry {
  readonly next: bigint;
  /** The highest epoch that a writer of `next` knew. */
  readonly epoch: number;
  /** The epoch of the last known reset of the mode; 0 without one. */
  readonly resetEpoch: number;
}

const nothing: Entry = {next: 0n, epoch: 0, resetEpoch: 0};

/** Merges a line into an entry. Its place in the file does not matter: several programs write lines. */
export function mergeLine(entry: Entry = nothing, {kind, next, origin: {epoch}}: Line): Entry {
  const {resetEpoch} = entry;
  if (kind === 'reset' && epoch > resetEpoch) return {next, epoch, resetEpoch: epoch};
  // The writer of the line did not know the reset yet.
  if (epoch < resetEpoch) return entry;
  return {
    next: next > entry.next ? next : entry.next,
    epoch: Math.max(epoch, entry.epoch),
    resetEpoch,
  };
}
