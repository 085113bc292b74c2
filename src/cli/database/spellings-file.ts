import {parseMode} from '../../lib/core/mode.js';
import {UniqueIDError} from '../../lib/core/errors.js';
import {readText, UnreadableFile} from '../../lib/util/read-file.js';

/** Room for millions of modes. */
const MAX_LIST_BYTES = 100 * 1_048_576;

/**
 * Reads a list of modes, one per line, and skips empty lines.
 *
 * @throws UniqueIDError `USAGE` if the file cannot be read, `INVALID_MODE` with the line of the invalid mode
 */
export function readSpellings(path: string): readonly string[] {
  let text: string;
  try {
    text = readText(path, MAX_LIST_BYTES);
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    throw new UniqueIDError('USAGE', `Cannot read the list of spellings ${path}: ${error.message}.`, {
      cause: error,
      hint: 'Pass a text file with one mode per line.',
    });
  }
  return text.split('\n').flatMap((line, index) => {
    const mode = line.trim();
    return mode === '' ? [] : [checkLine(mode, `${path}, line ${index + 1}`)];
  });
}

function checkLine(mode: string, place: string): string {
  try {
    return parseMode(mode);
  } catch (error) {
    if (!(error instanceof UniqueIDError)) throw error;
    throw new UniqueIDError(error.code, `${place}: ${error.message}`, {
      cause: error,
      ...(error.hint === undefined ? {} : {hint: error.hint}),
    });
  }
}
