import {UniqueIDError} from './errors.js';

/** The maximum length of a mode in Unicode code points: the column is VARCHAR(255). */
export const MAX_MODE_LENGTH = 255;

/** Fast path for almost every mode: printable ASCII without a space at either end. */
const plainMode = /^[!-~](?:[ -~]{0,253}[!-~])?$/;

const controlCharacter = /\p{Cc}/u;

/**
 * Checks the name of a counter and returns it unchanged.
 *
 * @throws UniqueIDError `INVALID_MODE`, with the broken rule
 */
export function parseMode(mode: string): string {
  if (plainMode.test(mode)) return mode;
  const broken = brokenRule(mode);
  if (broken !== undefined) {
    throw new UniqueIDError('INVALID_MODE', `mode ${broken}.`, {
      hint:
        `Use a mode of 1 to ${MAX_MODE_LENGTH} characters ` +
        'without control characters and without white space at either end.',
    });
  }
  return mode;
}

function brokenRule(mode: string): string | undefined {
  if (mode === '') return 'must not be empty';
  if (!mode.isWellFormed()) return 'must be well-formed Unicode';
  if (controlCharacter.test(mode)) return 'must not contain control characters';
  if (mode !== mode.trim()) return 'must not begin or end with white space';
  // VARCHAR(255) counts code points; a code point is one or two UTF-16 units.
  const length = mode.length > MAX_MODE_LENGTH ? Array.from(mode).length : mode.length;
  if (length > MAX_MODE_LENGTH) return `must have at most ${MAX_MODE_LENGTH} characters, not ${length}`;
  return undefined;
}
