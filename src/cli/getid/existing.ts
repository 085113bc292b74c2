import type {Allocator} from '../../lib/allocation/allocator.js';
import {UniqueIDError} from '../../lib/core/errors.js';
import {EMPTY_RANGE, type IdRange} from '../../lib/core/range.js';
import type {Store} from '../../lib/store/store.js';
import {nearestFew} from '../../lib/util/nearest-word.js';

/** The policy of an allocator for `allocateExisting`. */
export const createsNoMode = {createModes: false, maxModes: 0} as const;

/**
 * Allocates from a mode that exists.
 *
 * @param allocator one that creates no mode
 * @throws UniqueIDError `MODE_NOT_ALLOWED`, with the nearest names, if the mode does not exist
 */
export async function allocateExisting(
  allocator: Allocator,
  store: Store,
  mode: string,
  count: bigint,
): Promise<IdRange> {
  try {
    if (count > 0n) return await allocator.allocate(mode, count);
  } catch (error) {
    if (error instanceof UniqueIDError && error.code === 'MODE_NOT_ALLOWED')
      throw await missingInStore(store, mode);
    throw error;
  }
  // An empty request asks the database nothing.
  if ((await store.counter(mode)) === undefined) throw await missingInStore(store, mode);
  return EMPTY_RANGE;
}

async function missingInStore(store: Store, mode: string): Promise<UniqueIDError> {
  const counters = await store.counters();
  return missingModeError(
    `database ${store.location}`,
    mode,
    counters.map((counter) => counter.mode),
  );
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
