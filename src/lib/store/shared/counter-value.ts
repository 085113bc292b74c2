import {MAX_COUNTER} from '../../core/range.js';
import {UniqueIDError} from '../../core/errors.js';

/** Returns true if a stored value is a valid counter: a `bigint`, so not rounded, from 0 to 2^63-1. */
export function isCounterValue(value: unknown): value is bigint {
  return typeof value === 'bigint' && value >= 0n && value <= MAX_COUNTER;
}

/** Makes the error for a row with an invalid counter; the Python service could leave one past 2^63-1. */
export function damagedCounter(mode: string, location: string): UniqueIDError {
  return new UniqueIDError(
    'COUNTER_DAMAGED',
    `The counter of mode ${JSON.stringify(mode)} in ${location} ` +
      `is not a whole number from 0 to ${MAX_COUNTER}.`,
    {
      hint:
        'Find the last integer in use, ' +
        'then set the counter past it with "uniqueid reset --mode MODE --at-least N".',
    },
  );
}
