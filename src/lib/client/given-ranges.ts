import {HighWaterMarks} from '../allocation/high-water-marks.js';
import type {IdRange} from '../core/range.js';

/** So many modes are remembered; then those used least recently are forgotten. */
const MAX_MODES = 100_000;

/** A call under way. */
export interface GivenCall {
  /** Takes note of the range that the call was answered with. Returns false if the range must not be used. */
  accept(range: IdRange): boolean;
  /** Ends the call, answered or not. */
  end(): void;
}

/** What is under way in one mode. */
interface UnderWay {
  /** For each call, oldest first: what was given before it began was below this. */
  readonly floors: Set<{readonly floor: bigint}>;
  /** What was given since the oldest of them began, in order. */
  ranges: IdRange[];
}

/**
 * Notices a service that gives integers again, as after its database was replaced by an older one: what a client asks for
 * after another answer is higher, and what it asks for at the same time does not overlap.
 *
 * Keeps one number per mode, and the ranges that were given while the oldest call under way waits.
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

/** Returns false if the range overlaps another. Answers come nearly in order, so their place is near the end. */
function insert(ranges: IdRange[], range: IdRange): boolean {
  const before = ranges.findLastIndex(({start}) => start <= range.end);
  const neighbour = ranges[before];
  if (neighbour !== undefined && neighbour.end >= range.start) return false;
  ranges.splice(before + 1, 0, range);
  return true;
}

/** What is lower than every call under way may be given needs no comparison. */
function forgetBelow(underWay: UnderWay, floor: bigint): void {
  underWay.ranges = underWay.ranges.filter(({end}) => end >= floor);
}
