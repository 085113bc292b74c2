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
      throw await missingModeError(store, mode);
    throw error;
  }
  // An empty request asks the database nothing.
  if ((await store.counter(mode)) === undefined) throw await missingModeError(store, mode);
  return EMPTY_RANGE;
}

async function missingModeError(store: Store, mode: string): Promise<UniqueIDError> {
  const modes = (await store.counters()).map((counter) => counter.mode);
  const similar = nearestFew(mode, modes, 3).map((name) => JSON.stringify(name));
  return new UniqueIDError(
    'MODE_NOT_ALLOWED',
    `The database ${store.location} has no mode ${JSON.stringify(mode)}, and --existing creates none.`,
    {
      hint:
        similar.length === 0
          ? 'Run "uniqueid status" to list the modes, or omit --existing to create it.'
          : `Did you mean ${similar.join(' or ')}?`,
    },
  );
}

/** The REST API has no such parameter: a service creates a mode unless its configuration forbids it. */
export function notRemoteError(): UniqueIDError {
  return new UniqueIDError('USAGE', '--existing cannot be combined with --server.', {
    hint: 'Set create_modes = False in the configuration of the service, or allocate from its database.',
  });
}
