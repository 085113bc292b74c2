import {UniqueIDError} from '../core/errors.js';
import type {Regression} from './regression.js';

export function modeNotAllowed(mode: string): UniqueIDError {
  return new UniqueIDError(
    'MODE_NOT_ALLOWED',
    `Mode ${JSON.stringify(mode)} is not among the allowed ones.`,
    {
      hint: 'Correct the mode, or add it to allowed_modes in [uniqueid].',
    },
  );
}

export function stopping(): UniqueIDError {
  return new UniqueIDError('STOPPING', 'The service is stopping.', {hint: 'Ask again in a moment.'});
}

export function queueFull(most: number): UniqueIDError {
  return new UniqueIDError('QUEUE_FULL', `More than ${most} requests are waiting.`, {
    hint: 'Ask again in a moment, or for fewer and larger ranges.',
  });
}

export function exhausted(
  {mode, count}: {readonly mode: string; readonly count: bigint},
  remaining: bigint,
): UniqueIDError {
  return new UniqueIDError(
    'COUNTER_EXHAUSTED',
    `mode ${JSON.stringify(mode)} has ${remaining} integers left, fewer than the ${count} asked for.`,
    {hint: remaining > 0n ? `Ask for ${remaining} or fewer, or use another mode.` : 'Use another mode.'},
  );
}

export function regressed({mode, found, highWaterMark}: Regression, location: string): UniqueIDError {
  return new UniqueIDError(
    'COUNTER_REGRESSED',
    `The counter of mode ${JSON.stringify(mode)} in ${location} went backwards: it stood at ${found}, and this server has handed out all below ${highWaterMark}.`,
    {
      hint: `Was an older database restored? Run: uniqueid reset --mode ${shellWord(mode)} --to ${highWaterMark} (where several servers say so, the highest of these)`,
    },
  );
}

/** A mode as a shell takes it for one word. */
function shellWord(mode: string): string {
  return /^[\w.,:@%+/-]+$/.test(mode) ? mode : `'${mode.replaceAll("'", String.raw`'\''`)}'`;
}

export function tooLate(location: string, timeoutMs: number): UniqueIDError {
  return new UniqueIDError(
    'DATABASE_UNAVAILABLE',
    `The database ${location} did not answer within ${timeoutMs / 1000} seconds.`,
    {transient: true, hint: 'Ask again in a moment.'},
  );
}
