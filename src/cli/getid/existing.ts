import {UniqueIDError} from '../../lib/core/errors.js';
import type {Store} from '../../lib/store/store.js';
import {nearestFew} from '../../lib/util/text/nearest-word.js';

/**
 * Nothing removes a mode: one that exists now exists when the integers are allocated.
 *
 * @throws UniqueIDError `MODE_NOT_ALLOWED`, with the nearest names, if the database does not have the mode
 */
export async function assertExists(store: Store, mode: string): Promise<void> {
  if ((await store.counter(mode)) !== undefined) return;
  const counters = await store.counters();
  const names = counters.map((counter) => counter.mode);
  throw missingModeError(`database ${store.location}`, mode, names);
}

/**
 * Returns the error for a mode that does not exist, with the nearest names.
 *
 * @param place where the mode is missing, such as `database db.sqlite3`
 */
export function missingModeError(place: string, mode: string, modes: readonly string[]): UniqueIDError {
  const similar = nearestFew(mode, modes, 3).map((name) => JSON.stringify(name));
  return new UniqueIDError(
    'MODE_NOT_ALLOWED',
    `The ${place} has no mode ${JSON.stringify(mode)}, and --existing creates none.`,
    {
      hint:
        similar.length === 0
          ? 'Run "uniqueid status" to list the modes, or omit --existing to create it.'
          : `Did you mean ${similar.join(' or ')}?`,
    },
  );
}
