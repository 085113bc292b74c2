import {epochOf} from '../../store/epochs.js';
import type {Counter, Lineage, Store} from '../../store/store.js';
import type {HighWaterMarks, Mark} from './high-water-marks.js';

/** A counter below its mark. */
export interface Behind {
  readonly mode: string;
  /** The mark before the counter was read. */
  readonly mark: Mark;
  /** `undefined` if the mode is missing. */
  readonly found: bigint | undefined;
}

/** The findings of a comparison. A mode that is in none of these lists is as it should be. */
export interface Findings {
  /** Counters that went back, and modes that were lost, by accident. */
  readonly behind: readonly Behind[];
  /** The marks of counters that a reset moved below their old marks. */
  readonly moved: readonly NewMark[];
  /** The marks of counters that a reset left at or above their marks, or that have passed them since. */
  readonly passed: readonly NewMark[];
}

interface NewMark {
  readonly mode: string;
  readonly mark: Mark;
}

/**
 * Compares marks with the counters. Changes nothing.
 *
 * @param lineage was read before this call, so that a counter is at most newer than its epoch
 */
export async function compareMarks(
  {store, marks}: {readonly store: Store; readonly marks: HighWaterMarks},
  modes: readonly string[],
  lineage: Lineage,
): Promise<Findings> {
  // Before the counters are read: a later mark may be of an integer that was allocated after the reading.
  const known = new Map(modes.map((mode) => [mode, marks.mark(mode)]));
  const counters = await readCounters(store, modes);
  const behind: Behind[] = [];
  const moved: NewMark[] = [];
  const passed: NewMark[] = [];
  for (const [mode, mark] of known) {
    if (mark === undefined) continue;
    const counter = counters.get(mode);
    const epoch = epochOf(lineage, mode);
    const isReset = epoch > mark.epoch;
    // No reset deletes a row.
    if (counter === undefined) {
      if (mark.next > 0n) behind.push({mode, mark, found: undefined});
    } else if (counter.next !== undefined) {
      if (counter.next >= mark.next) {
        if (isReset) passed.push({mode, mark: {epoch, next: mark.next}});
      } else if (isReset) moved.push({mode, mark: {epoch, next: counter.next}});
      else behind.push({mode, mark, found: counter.next});
    }
  }
  if (moved.length === 0) return {behind, moved, passed};
  // Without this, the counters of a backup that was restored in between would look like those of a reset.
  const latest = await store.lineage();
  return {behind, moved: moved.filter(({mode, mark}) => epochOf(latest, mode) === mark.epoch), passed};
}

async function readCounters(store: Store, modes: readonly string[]): Promise<ReadonlyMap<string, Counter>> {
  const counters = new Map((await store.readCounters(modes)).map((counter) => [counter.mode, counter]));
  const missing = modes.filter((mode) => !counters.has(mode));
  if (missing.length === 0 || (await store.comparison()).kind === 'exact') return counters;
  for (const mode of missing) {
    // The table may store the mode under another spelling.
    const counter = await store.counter(mode);
    if (counter !== undefined) counters.set(mode, counter);
  }
  return counters;
}
