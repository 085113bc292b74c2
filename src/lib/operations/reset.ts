import {toUniqueIDError, UniqueIDError} from '../core/errors.js';
import {nearest} from '../util/nearest-word.js';
import {retryTransient} from '../util/retry.js';
import type {Counter, CounterMove, Store} from '../store/store.js';

/** The move of one counter, with its consequences. */
export interface ResetMove extends CounterMove {
  /** The count of integers between `to` and the current value, which could be issued a second time. */
  readonly reissued: bigint;
  /** True for a move back or from a damaged value; both need more than a yes. */
  readonly backward: boolean;
}

/**
 * Plans a reset without changing anything.
 *
 * @param modes the modes to reset; `undefined` for all
 * @param to the next integer that each mode will issue
 * @throws UniqueIDError `UNKNOWN_MODE`, with the nearest name
 */
export async function planReset(
  store: Store,
  modes: readonly string[] | undefined,
  to: bigint,
): Promise<readonly ResetMove[]> {
  if (modes === undefined) return (await store.counters()).map((counter) => toMove(counter, to));
  const moves: ResetMove[] = [];
  for (const mode of new Set(modes)) {
    const counter = await store.counter(mode);
    if (counter === undefined) throw await unknownModeError(store, mode);
    moves.push(toMove(counter, to));
  }
  return moves;
}

/**
 * Carries out the whole confirmed plan, or changes nothing if a counter has moved since it was planned.
 *
 * Retries while services under load keep the database busy. Never retries after a lost connection: the move
 * may be committed, and a second attempt would report it as a conflict.
 *
 * @param timeoutMs bound of the wait for a busy database
 * @throws UniqueIDError `REJECTED`; `DATABASE_*`
 */
export async function applyReset(
  store: Store,
  moves: readonly ResetMove[],
  timeoutMs: number,
): Promise<void> {
  const [conflict] = await retryTransient(() => store.moveCounters(moves), {
    timeoutMs,
    isRepeatable: (error) => toUniqueIDError(error).code === 'DATABASE_BUSY',
  });
  if (conflict === undefined) return;
  const state = conflict.next === undefined ? 'missing or damaged' : String(conflict.next);
  throw new UniqueIDError(
    'REJECTED',
    `The counter of mode ${JSON.stringify(conflict.mode)} changed during the reset and is now ${state}; ` +
      'nothing was reset.',
    {
      hint: 'Shut down the services on this database, then reset again.',
    },
  );
}

function toMove({mode, next}: Counter, to: bigint): ResetMove {
  const reissued = next !== undefined && next > to ? next - to : 0n;
  return {mode, from: next, to, reissued, backward: next === undefined || to < next};
}

async function unknownModeError(store: Store, mode: string): Promise<UniqueIDError> {
  const modes = (await store.counters()).map((counter) => counter.mode);
  const suggestion = nearest(mode, modes);
  const hint =
    suggestion === undefined
      ? 'Run "uniqueid status" to list the modes.'
      : `Did you mean ${JSON.stringify(suggestion)}?`;
  return new UniqueIDError(
    'UNKNOWN_MODE',
    `The database ${store.location} has no mode ${JSON.stringify(mode)}.`,
    {hint},
  );
}
