import {readFileSync} from 'node:fs';
import {checkMode} from '../lib/allocation/mode.js';
import {UniqueIDError} from '../lib/errors.js';

/**
 * Reads a list of modes, one a line; empty lines count for nothing.
 *
 * @throws UniqueIDError `USAGE` if the file cannot be read, `INVALID_MODE` with the line that holds no mode
 */
export function readSpellings(path: string): readonly string[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UniqueIDError('USAGE', `The list of spellings ${path} cannot be read.`, {
      cause: error,
      hint: 'Name a text file with one mode a line.',
    });
  }
  return text.split('\n').flatMap((line, index) => {
    const mode = line.trim();
    return mode === '' ? [] : [checkLine(mode, `${path}, line ${index + 1}`)];
  });
}

function checkLine(mode: string, place: string): string {
  try {
    return checkMode(mode);
  } catch (error) {
    if (!(error instanceof UniqueIDError)) throw error;
    throw new UniqueIDError(error.code, `${place}: ${error.message}`, {
      cause: error,
      ...(error.hint === undefined ? {} : {hint: error.hint}),
    });
  }
}
