import {UniqueIDError} from '../../lib/core/errors.js';
import {MAX_COUNTER} from '../../lib/core/range.js';
import type {ResetTarget} from '../../lib/operations/reset.js';
import {quoteTyped} from '../../lib/util/text/redact.js';
import {parseWholeNumber} from '../../lib/util/whole-number.js';

/** The flags that name a target, of which the command line allows one. */
const kinds = ['to', 'at-least', 'by'] as const satisfies readonly ResetTarget['kind'][];

/**
 * Parses the target that the flags name.
 *
 * @returns `undefined` if no flag names one
 * @throws UniqueIDError `USAGE`, with the valid values
 */
export function parseTarget(
  flags: Readonly<Record<ResetTarget['kind'], string | undefined>>,
): ResetTarget | undefined {
  for (const kind of kinds) {
    const text = flags[kind];
    if (text !== undefined) return {kind, value: parseValue(`--${kind}`, text, kind === 'by' ? 1n : 0n)};
  }
  return undefined;
}

/**
 * Parses a target typed at a prompt: `300000`, `>=300000` to raise only, or `+5000` to move forward by 5000.
 *
 * @throws UniqueIDError `USAGE`, with the valid values
 */
export function parseTypedTarget(text: string): ResetTarget {
  if (text.startsWith('+')) return {kind: 'by', value: parseValue('The distance', text.slice(1), 1n)};
  if (text.startsWith('>='))
    return {kind: 'at-least', value: parseValue('The index', text.slice(2).trimStart(), 0n)};
  return {kind: 'to', value: parseValue('The index', text, 0n)};
}

export function missingTargetError(): UniqueIDError {
  return new UniqueIDError('USAGE', 'No target given.', {
    hint:
      'Pass --at-least N to raise counters below N, --to N to move exactly to N, ' +
      'or --by N to move forward by N.',
  });
}

function parseValue(name: string, text: string, min: bigint): bigint {
  const value = parseWholeNumber(text, min, MAX_COUNTER);
  if (value === undefined) {
    throw new UniqueIDError(
      'USAGE',
      `${name} must be a whole number from ${min} to ${MAX_COUNTER}, not ${quoteTyped(text)}.`,
      {hint: 'Use digits only.'},
    );
  }
  return value;
}
