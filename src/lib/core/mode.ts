import {UniqueIDError} from './errors.js';

/** The longest mode, in Unicode characters: the column is VARCHAR(255). */
export const MAX_MODE_LENGTH = 255;

/** Printable ASCII without a space at either end: almost every mode there is, judged by one look. */
const plainMode = /^[!-~](?:[ -~]{0,253}[!-~])?$/;

const controlCharacter = /\p{Cc}/u;

/**
 * Checks a mode, the name of a counter.
 *
 * @returns the mode itself
 * @throws UniqueIDError `INVALID_MODE`, with the rule that was broken
 */
export function parseMode(mode: string): string {
  if (plainMode.test(mode)) return mode;
  const broken = brokenRule(mode);
  if (broken !== undefined) {
    throw new UniqueIDError('INVALID_MODE', `mode ${broken}.`, {
      hint: `Give a mode of 1 to ${MAX_MODE_LENGTH} characters without control characters and without white space at either end.`,
    });
  }
  return mode;
}

function brokenRule(mode: string): string | undefined {
  if (mode === '') return 'must not be empty';
  if (!mode.isWellFormed()) return 'must be well-formed Unicode';
  if (controlCharacter.test(mode)) return 'must not hold control characters';
  if (mode !== mode.trim()) return 'must not begin or end with white space';
  // Characters are code points, as VARCHAR(255) counts them; a code point is one or two UTF-16 units.
  const length = mode.length > MAX_MODE_LENGTH ? Array.from(mode).length : mode.length;
  if (length > MAX_MODE_LENGTH) return `must have at most ${MAX_MODE_LENGTH} characters, not ${length}`;
  return undefined;
}
