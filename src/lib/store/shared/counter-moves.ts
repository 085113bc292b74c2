import {MAX_COUNTER} from '../../core/range.js';
import {damagedCounter, isCounterValue} from './counter-value.js';
import type {Claim, ClaimResult, Counter, CounterMinimum, CounterMove, Raise} from '../store.js';

/**
 * Why a claim was not granted, told from the counter as it is.
 *
 * @param stored what the row holds; `undefined` where there is no row
 */
export function rejection(
  {mode, minimum, mayCreate}: Claim,
  stored: unknown,
  firstIndex: bigint,
  location: string,
): ClaimResult {
  if (stored === undefined)
    return mayCreate ? {kind: 'exhausted', remaining: MAX_COUNTER - firstIndex} : {kind: 'missing'};
  if (!isCounterValue(stored)) return {kind: 'rejected', error: damagedCounter(mode, location)};
  if (stored < minimum) return {kind: 'behind', found: stored};
  return {kind: 'exhausted', remaining: MAX_COUNTER - stored};
}

/** A row as a counter; what is none has no `next`. */
export function toCounter({mode, next}: {mode: string; next: unknown}): Counter {
  return {mode, next: isCounterValue(next) ? next : undefined};
}

/**
 * Whether a move that a person confirmed may still go ahead, read from the row while it is locked.
 *
 * @param now the counter as it is; `undefined` where the mode has none
 * @returns the counter, if it is no longer where it was seen and the move is not forwards all the same
 */
export function findConflict({mode, from, to}: CounterMove, now: Counter | undefined): readonly Counter[] {
  const next = now?.next;
  const asSeen = now !== undefined && next === from;
  const stillForwards = next !== undefined && from !== undefined && from <= to && next <= to;
  return asSeen || stillForwards ? [] : [{mode, next}];
}

/** What raising a counter to a minimum comes to, where the mode is stored as it is written. */
export function raised({mode, next}: CounterMinimum, before: bigint | undefined): Raise {
  return {mode, stored: mode, before, after: before !== undefined && before > next ? before : next};
}
