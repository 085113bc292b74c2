import {toUniqueIDError, UniqueIDError} from '../core/errors.js';
import {nearest} from '../util/nearest-word.js';
import {retryTransient} from '../util/retry.js';
import type {Counter, CounterMove, Store} from '../store/store.js';

/** One counter of a reset, and what it would mean. */
export interface ResetMove extends CounterMove {
  /** How many integers could be issued a second time: those between `to` and where the counter stands. */
  readonly reissued: bigint;
  /** Backwards, or from a value that says nothing: both need more than a yes. */
  readonly backward: boolean;
}

/**
 * Plans a reset without changing anything.
 *
 * @param modes the modes to reset, or `undefined` for all there are
 * @param to the next integer that each is to give
 * @throws UniqueIDError `UNKNOWN_MODE`, with the nearest names
 */
export async function planReset(
  store: Store,
  modes: readonly string[] | undefined,
  to: bigint,
): Promise<readonly ResetMove[]> {
  if (modes === undefined) return (await store.counters()).map((counter) => moveOf(counter, to));
  const moves: ResetMove[] = [];
  for (const mode of new Set(modes)) {
    const counter = await store.counter(mode);
    if (counter === undefined) throw await unknownMode(store, mode);
    moves.push(moveOf(counter, to));
  }
  return moves;
}

/**
 * Carries out what was planned and confirmed: all of it or, where a counter has moved meanwhile, nothing.
 *
 * Services under load leave a database busy, which is waited out. A lost connection is not: the move may have been
 * made, and made again it would seem to be refused.
 *
 * @param timeoutMs how long to wait for a busy database, in milliseconds
 * @throws UniqueIDError `REJECTED`; `DATABASE_*`
 */
export async function applyReset(
  store: Store,
  moves: readonly ResetMove[],
  timeoutMs: number,
): Promise<void> {
  const [moved] = await retryTransient(() => store.moveCounters(moves), {
    timeoutMs,
    isRepeatable: (error) => toUniqueIDError(error).code === 'DATABASE_BUSY',
  });
  if (moved === undefined) return;
  const now = moved.next === undefined ? 'is gone or damaged' : `stands at ${moved.next}`;
  throw new UniqueIDError(
    'REJECTED',
    `Mode ${JSON.stringify(moved.mode)} has moved meanwhile and now ${now}; nothing was changed.`,
    {
      hint: 'Stop the services that use this database, and reset again.',
    },
  );
}

function moveOf({mode, next}: Counter, to: bigint): ResetMove {
  const reissued = next !== undefined && next > to ? next - to : 0n;
  return {mode, from: next, to, reissued, backward: next === undefined || to < next};
}

async function unknownMode(store: Store, mode: string): Promise<UniqueIDError> {
  const modes = (await store.counters()).map((counter) => counter.mode);
  const meant = nearest(mode, modes);
  const hint =
    meant === undefined
      ? '"uniqueid status" lists the modes there are.'
      : `Did you mean ${JSON.stringify(meant)}?`;
  return new UniqueIDError(
    'UNKNOWN_MODE',
    `The database ${store.location} has no mode ${JSON.stringify(mode)}.`,
    {hint},
  );
}
