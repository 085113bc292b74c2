import {MAX_COUNTER} from '../../core/range.js';
import {UniqueIDError} from '../../core/errors.js';

/** Whether a stored value can be a counter: an integer of 0 to 2^63-1, and nothing rounded on its way. */
export function isCounterValue(value: unknown): value is bigint {
  return typeof value === 'bigint' && value >= 0n && value <= MAX_COUNTER;
}

/** The error for a mode whose row holds something else, as the Python service could leave it past 2^63-1. */
export function damagedCounter(mode: string, location: string): UniqueIDError {
  return new UniqueIDError(
    'COUNTER_DAMAGED',
    `The counter of mode ${JSON.stringify(mode)} in ${location} is not a whole number from 0 to ${MAX_COUNTER}.`,
    {
      hint: 'Find the last integer in use and set the counter past it with "uniqueid reset --mode MODE --to N".',
    },
  );
}
