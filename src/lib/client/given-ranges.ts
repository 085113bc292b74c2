import {HighWaterMarks} from '../allocation/high-water-marks.js';
import type {IdRange} from '../core/range.js';

/** Modes that are remembered; beyond this the least recently used are forgotten. */
const MAX_MODES = 100_000;

/** A pending call. */
export interface GivenCall {
  /** Records the range of the answer. Returns false if the range must not be used. */
  accept(range: IdRange): boolean;
  /** Ends the call, answered or not. */
  end(): void;
}

/** The pending calls of one mode. */
interface UnderWay {
  /** Per call, oldest first: all integers received before it began are below this. */
  readonly floors: Set<{readonly floor: bigint}>;
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
export class GivenRanges {
  readonly #given = new HighWaterMarks(MAX_MODES);
  readonly #underWay = new Map<string, UnderWay>();

  begin(mode: string): GivenCall {
    const call = {floor: this.#given.get(mode) ?? 0n};
    const underWay = this.#underWay.get(mode) ?? {floors: new Set(), ranges: []};
    underWay.floors.add(call);
    this.#underWay.set(mode, underWay);
    return {
      accept: (range) => {
        if (range.start < call.floor || !insert(underWay.ranges, range)) return false;
        if (range.end >= (this.#given.get(mode) ?? 0n)) this.#given.set(mode, range.end + 1n);
        return true;
      },
      end: () => {
        underWay.floors.delete(call);
        const [oldest] = underWay.floors;
        if (oldest === undefined) this.#underWay.delete(mode);
        else if (oldest.floor > call.floor) forgetBelow(underWay, oldest.floor);
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
function forgetBelow(underWay: UnderWay, floor: bigint): void {
  underWay.ranges = underWay.ranges.filter(({end}) => end >= floor);
}
