import {UniqueIDError} from '../core/errors.js';
import {shellWord} from '../util/text/shell-word.js';
import type {Regression} from './guard/regression.js';

export function modeNotAllowed(mode: string): UniqueIDError {
  return new UniqueIDError('MODE_NOT_ALLOWED', `Mode ${JSON.stringify(mode)} is not in allowed_modes.`, {
    hint: 'Correct the mode, or add it to allowed_modes in [uniqueid].',
  });
}

export function stopping(): UniqueIDError {
  return new UniqueIDError('STOPPING', 'The service is shutting down.', {hint: 'Retry in a moment.'});
}

export function queueFull(limit: number): UniqueIDError {
  return new UniqueIDError('QUEUE_FULL', `The queue is full: ${limit} requests are waiting (max_queue).`, {
    hint: 'Retry in a moment, or request fewer and larger ranges.',
  });
}

export function exhausted(
  {mode, count}: {readonly mode: string; readonly count: bigint},
  remaining: bigint,
): UniqueIDError {
  return new UniqueIDError(
    'COUNTER_EXHAUSTED',
    `Mode ${JSON.stringify(mode)} has ${remaining} integers left, fewer than the ${count} requested.`,
    {hint: remaining > 0n ? `Request at most ${remaining}, or use another mode.` : 'Use another mode.'},
  );
}

/** Returns the command that mends a quarantined mode. */
export function mendCommand({mode, highWaterMark}: Regression): string {
  return `uniqueid reset --mode ${shellWord(mode)} --at-least ${highWaterMark}`;
}

export function regressed(regression: Regression, location: string): UniqueIDError {
  const {mode, found, highWaterMark} = regression;
  return new UniqueIDError(
    'COUNTER_REGRESSED',
    `The counter of mode ${JSON.stringify(mode)} in ${location} went backwards: ` +
      `it is ${found}, but this server has issued integers up to ${highWaterMark - 1n}.`,
    {
      hint:
        `If an older database was restored, run: ${mendCommand(regression)} ` +
        '(if several servers report this, use the highest number)',
    },
  );
}

/** Describes a counter that was raised to its mark, with both values. */
export function raisedText({mode, found, highWaterMark}: Regression, location: string): string {
  return (
    `The counter of mode ${JSON.stringify(mode)} in ${location} went backwards: it was ${found}, but ` +
    `integers up to ${highWaterMark - 1n} are issued. It was raised to ${highWaterMark}; ` +
    'check whether an older database was restored.'
  );
}

/** Describes a counter that a reset moved back, with both values. */
export function forgottenText({mode, found, highWaterMark}: Regression, location: string): string {
  return (
    `A reset moved the counter of mode ${JSON.stringify(mode)} in ${location} back ` +
    `from ${highWaterMark} or more to ${found}; it is used from there.`
  );
}

/** @param problem completes the sentence "The file …" */
export function guardFileProblem(path: string, problem: string): string {
  return (
    `The file of high-water marks ${path} ${problem}. ` +
    'Integers of a restored database could be issued twice, above all after a restart. ' +
    'Repair it, or set guard_file.'
  );
}

/** @param lines the number of damaged lines */
export function guardFileDamage(path: string, lines: number): string {
  return (
    `The file of high-water marks ${path} had damaged lines, which were ignored: ${lines}. ` +
    'Check the disk: if an older database is restored now, integers of these lines could be issued twice.'
  );
}

export function tooLate(location: string, timeoutMs: number): UniqueIDError {
  return new UniqueIDError(
    'DATABASE_UNAVAILABLE',
    `The database ${location} did not answer within ${timeoutMs / 1000} seconds.`,
    {transient: true, hint: 'Retry in a moment.'},
  );
}
