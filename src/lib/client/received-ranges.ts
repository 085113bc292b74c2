import {HighWaterMarks} from '../allocation/marks/high-water-marks.js';
import type {IdRange} from '../core/range.js';

/** Modes that are remembered; beyond this the least recently used are forgotten. */
const MAX_MODES = 100_000;

/** A pending call. */
export interface PendingCall {
  /** Records the range of the answer. Returns false if the range must not be used. */
  accept(range: IdRange): boolean;
  /** Ends the call, answered or not. */
  end(): void;
}

/** The pending calls of one mode. */
interface PendingCalls {
  /** Per call, oldest first: all integers received before it began are below this. */
  readonly minimums: Set<{readonly minimum: bigint}>;
  /** Ranges received since the oldest pending call began, in ascending order. */
  ranges: IdRange[];
}

/**
 * Detects a service that issues integers twice, for example after its database was replaced by an older one.
 * A range must be above every range that was received before its call began, and must not overlap a
 * concurrent one.
 *
 * Keeps one number per mode, and the ranges received since the oldest pending call began.
 */
export class ReceivedRanges {
  readonly #highWaterMarks = new HighWaterMarks(MAX_MODES);
  readonly #pending = new Map<string, PendingCalls>();

  begin(mode: string): PendingCall {
    const call = {minimum: this.#highWaterMarks.get(mode) ?? 0n};
    const pending = this.#pending.get(mode) ?? {minimums: new Set(), ranges: []};
    pending.minimums.add(call);
    this.#pending.set(mode, pending);
    return {
      accept: (range) => {
        if (range.start < call.minimum || !insert(pending.ranges, range)) return false;
        if (range.end >= (this.#highWaterMarks.get(mode) ?? 0n))
          this.#highWaterMarks.set(mode, range.end + 1n);
        return true;
      },
      end: () => {
        pending.minimums.delete(call);
        const [oldest] = pending.minimums;
        if (oldest === undefined) this.#pending.delete(mode);
        else if (oldest.minimum > call.minimum) forgetBelow(pending, oldest.minimum);
      },
    };
  }
}

/** Returns false if the range overlaps another. Scans from the end: answers arrive nearly in order. */
function insert(ranges: IdRange[], range: IdRange): boolean {
  const before = ranges.findLastIndex(({start}) => start <= range.end);
  const neighbour = ranges[before];
  if (neighbour !== undefined && neighbour.end >= range.start) return false;
  ranges.splice(before + 1, 0, range);
  return true;
}

/** Forgets ranges below the minimum of every pending call: they cannot overlap its range. */
function forgetBelow(pending: PendingCalls, minimum: bigint): void {
  pending.ranges = pending.ranges.filter(({end}) => end >= minimum);
}
