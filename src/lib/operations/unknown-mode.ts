import {UniqueIDError} from '../core/errors.js';
import {nearest} from '../util/text/nearest-word.js';

/**
 * Returns the error for a mode that does not exist, with the nearest name.
 *
 * @param place where the mode is missing, such as `database db.sqlite3`
 */
export function unknownModeError(place: string, mode: string, known: Iterable<string>): UniqueIDError {
  const suggestion = nearest(mode, known);
  const hint =
    suggestion === undefined
      ? 'Run "uniqueid status" to list the modes.'
      : `Did you mean ${JSON.stringify(suggestion)}?`;
  return new UniqueIDError('UNKNOWN_MODE', `The ${place} has no mode ${JSON.stringify(mode)}.`, {hint});
}
