import {MAX_COUNTER} from '../../core/range.js';
import type {Claim, ClaimResult, CounterMove, Lineage} from '../store.js';
import {rejection} from './counter-moves.js';
import {isCounterValue} from './counter-value.js';

/** The parts of the system table that identify a state of a database. */
export const IDENTITY_PART = 'identity';
export const EPOCH_PART = 'epoch';

/** Epochs count seconds from here, so that they fit the column until 2088. */
const EPOCH_ORIGIN_SECONDS = Date.UTC(2020, 0, 1) / 1000;

/**
 * Returns the least epoch of a reset that happens now. A plain count would repeat itself after a restore:
 * another machine could know the number of the next reset from an earlier one.
 */
export function currentEpoch(): number {
  return Math.max(1, Math.floor(Date.now() / 1000) - EPOCH_ORIGIN_SECONDS);
}

/** Returns true if a move needs a new epoch. */
export function isBackward({from, to}: CounterMove): boolean {
  return from === undefined || to < from;
}

/** Interprets the rows of the system table; other parts have no effect. */
export function toLineage(rows: Iterable<{readonly part: string; readonly value: unknown}>): Lineage {
  let identity: number | undefined;
  let epoch = 0;
  for (const {part, value} of rows) {
    const number = Number(value);
    if (!Number.isSafeInteger(number) || number <= 0) continue;
    if (part === IDENTITY_PART) identity = number;
    else if (part === EPOCH_PART) epoch = number;
  }
  return {identity, epoch};
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
