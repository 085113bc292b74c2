import {MAX_COUNTER} from '../../core/range.js';
import {damagedCounter, isCounterValue} from './counter-value.js';
import type {Claim, ClaimResult, Counter, CounterMinimum, CounterMove, Raise} from '../store.js';

/**
 * Returns why a claim was not granted, judged from the stored counter.
 *
 * @param stored the value in the row; `undefined` if the row does not exist
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

/** Converts a row to a counter. `next` is `undefined` if the row holds no valid value. */
export function toCounter({mode, next}: {mode: string; next: unknown}): Counter {
  return {mode, next: isCounterValue(next) ? next : undefined};
}

/**
 * Checks, while the row is locked, that a confirmed move may still go ahead.
 *
 * @param current the counter now; `undefined` if the mode does not exist
 * @returns the counter, if it has changed since the confirmation and the move is not a forward move anyway
 */
export function findConflict(
  {mode, from, to}: CounterMove,
  current: Counter | undefined,
): readonly Counter[] {
  const next = current?.next;
  const isUnchanged = current !== undefined && next === from;
  const isStillForward = next !== undefined && from !== undefined && from <= to && next <= to;
  return isUnchanged || isStillForward ? [] : [{mode, next}];
}

/** Returns the result of raising a counter to a minimum, for a mode that is stored as it is spelled. */
export function raised({mode, next}: CounterMinimum, before: bigint | undefined): Raise {
  return {mode, stored: mode, before, after: before !== undefined && before > next ? before : next};
}
