import {MAX_COUNTER} from '../../core/range.js';
import {ALL_MODES, exactEpochKey, foldedEpochKey} from '../epochs.js';
import type {Claim, ClaimResult, Comparison, CounterMove, Lineage} from '../store.js';
import {rejection} from './counter-moves.js';
import {isCounterValue} from './counter-value.js';

/** The parts of the system table that identify a state of a database. */
export const IDENTITY_PART = 'identity';
export const EPOCH_PART = 'epoch';

/** The part of a mode's epoch is this and the key of the mode. */
const MODE_EPOCH_PREFIX = 'epoch:';

/** The most modes of one reset that get an epoch each. */
const MAX_MODES_EACH = 100;

/** The most modes with an epoch of their own: each reading of the lineage reads them all. */
const MAX_MODE_EPOCHS = 1000;

/** Epochs count seconds from here, so that they fit the column until 2088. */
const EPOCH_ORIGIN_SECONDS = Date.UTC(2020, 0, 1) / 1000;

/**
 * Returns the least epoch of a reset that happens now. A plain count would repeat itself after a restore:
 * another machine could know the number of the next reset from an earlier one. The clock may have been set
 * back since, so the epoch is also above those of the known marks.
 */
export function leastEpoch(moves: readonly CounterMove[]): number {
  const known = moves.reduce((highest, {mark}) => Math.max(highest, mark?.epoch ?? 0), 0);
  return Math.max(known + 1, Math.floor(Date.now() / 1000) - EPOCH_ORIGIN_SECONDS);
}

/** Returns true if a move needs a new epoch. */
export function isBackward({from, to, mark}: CounterMove): boolean {
  return from === undefined || to < from || (mark !== undefined && to < mark.next);
}

/**
 * Returns the parts that get the new epoch of a reset, besides `EPOCH_PART`. There is one for each mode moved
 * back, or the one of all modes if they are many or one of them has no key.
 *
 * @param kind how the table compares modes
 */
export function modeEpochParts(
  moves: readonly CounterMove[],
  {modeEpochs}: Lineage,
  kind: Comparison['kind'],
): readonly string[] {
  const keyOf = kind === 'exact' ? exactEpochKey : foldedEpochKey;
  const keys = new Set(moves.filter(isBackward).map(({mode}) => keyOf(mode) ?? ALL_MODES));
  const all = new Set([...modeEpochs.keys(), ...keys]);
  const isEach = !keys.has(ALL_MODES) && keys.size <= MAX_MODES_EACH && all.size <= MAX_MODE_EPOCHS;
  return (isEach ? [...keys] : [ALL_MODES]).map((key) => MODE_EPOCH_PREFIX + key);
}

/** Interprets the rows of the system table; other parts have no effect. */
export function toLineage(rows: Iterable<{readonly part: string; readonly value: unknown}>): Lineage {
  let identity: number | undefined;
  let epoch = 0;
  const modeEpochs = new Map<string, number>();
  for (const {part, value} of rows) {
    const number = Number(value);
    if (!Number.isSafeInteger(number) || number <= 0) continue;
    if (part === IDENTITY_PART) identity = number;
    else if (part === EPOCH_PART) epoch = number;
    else if (part.startsWith(MODE_EPOCH_PREFIX)) modeEpochs.set(part.slice(MODE_EPOCH_PREFIX.length), number);
  }
  return {identity, epoch, modeEpochs};
}

/**
 * Judges a raised claim while its row is locked.
 *
 * @param stored the value in the row, which exists
 */
export function raisedClaim(claim: Claim, stored: unknown, location: string): ClaimResult {
  const {count, minimum} = claim;
  const raised = isCounterValue(stored) && stored < minimum ? minimum : stored;
  return isCounterValue(raised) && raised <= MAX_COUNTER - count
    ? {kind: 'granted', next: raised + count}
    : rejection(claim, raised, minimum, location);
}
