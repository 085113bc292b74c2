import {toUniqueIDError, UniqueIDError} from '../core/errors.js';
import {MAX_COUNTER} from '../core/range.js';
import {retryTransient} from '../util/retry.js';
import {damagedCounter} from '../store/shared/counter-value.js';
import {unknownModeError} from './unknown-mode.js';
import type {Counter, CounterMove, Store} from '../store/store.js';
import {isBackward} from '../store/shared/lineage.js';

/** The target of a reset, which is the same for each of its counters. */
export interface ResetTarget {
  /** `to` moves exactly to `value`, `at-least` never lowers a counter, `by` moves forward by `value`. */
  readonly kind: 'to' | 'at-least' | 'by';
  readonly value: bigint;
}

/** The move of one counter, with its consequences; `to` equals `from` if the counter stays. */
export interface ResetMove extends CounterMove {
  /** The count of integers from `to` on that were issued, as far as known: they could be a second time. */
  readonly reissued: bigint;
  /** True for a move back, below a mark or from a damaged value; all need more than a yes. */
  readonly backward: boolean;
}

/**
 * Reads the counters to reset.
 *
 * @param modes `undefined` for all
 * @throws UniqueIDError `UNKNOWN_MODE`, with the nearest name
 */
export async function readCounters(
  store: Store,
  modes: readonly string[] | undefined,
): Promise<readonly Counter[]> {
  if (modes === undefined) return store.counters();
  const counters: Counter[] = [];
  for (const mode of new Set(modes)) {
    const counter = await store.counter(mode);
    if (counter === undefined) {
      const known = (await store.counters()).map((each) => each.mode);
      throw unknownModeError(`database ${store.location}`, mode, known);
    }
    counters.push(counter);
  }
  return counters;
}

/**
 * Plans a reset without changing anything.
 *
 * @param markOf returns the high-water mark to which a service would raise a counter
 * @throws UniqueIDError `COUNTER_EXHAUSTED` or `COUNTER_DAMAGED` if a counter cannot move by the value
 */
export function planReset(
  counters: readonly Counter[],
  target: ResetTarget,
  location: string,
  markOf: (mode: string) => CounterMove['mark'] = () => undefined,
): readonly ResetMove[] {
  return counters.map((counter) => {
    const {mode, next} = counter;
    // Only an exact target is meant to stay below what was issued.
    const mark = target.kind === 'to' ? markOf(mode) : undefined;
    const move = {mode, from: next, to: newValue(counter, target, location), mark};
    const issued = mark !== undefined && next !== undefined && mark.next > next ? mark.next : next;
    const reissued = issued !== undefined && issued > move.to ? issued - move.to : 0n;
    return {...move, reissued, backward: isBackward(move)};
  });
}

/** Returns the moves that change a counter, or keep one below its mark. */
export function changesOf<T extends Pick<ResetMove, 'from' | 'to' | 'backward'>>(
  moves: readonly T[],
): readonly T[] {
  return moves.filter(({from, to, backward}) => from !== to || backward);
}

/**
 * Carries out the whole confirmed plan, or changes nothing if a counter has moved since it was planned. With
 * `at-least`, a counter that services have raised to the value by then stays, and causes no conflict.
 *
 * Retries while services under load keep the database busy. Never retries after a lost connection: the move
 * may be committed, and a second attempt would report it as a conflict.
 *
 * @param timeoutMs bound of the wait for a busy database
 * @returns the moves as carried out
 * @throws UniqueIDError `REJECTED`; `DATABASE_*`
 */
export async function applyReset(
  store: Store,
  moves: readonly ResetMove[],
  {kind, value}: ResetTarget,
  timeoutMs: number,
): Promise<readonly ResetMove[]> {
  const changes = changesOf(moves);
  if (changes.length === 0) return moves;
  const conflicts = await retryTransient(() => store.moveCounters(changes), {
    timeoutMs,
    isRepeatable: (error) => toUniqueIDError(error).code === 'DATABASE_BUSY',
  });
  if (conflicts.length === 0) return moves;
  const raised = new Map<string, bigint>();
  for (const {mode, next} of conflicts) {
    if (kind !== 'at-least' || next === undefined || next < value) throw conflictError(mode, next);
    raised.set(mode, next);
  }
  const others = moves.map((move) => {
    const next = raised.get(move.mode);
    return next === undefined ? move : {...move, from: next, to: next, reissued: 0n, backward: false};
  });
  return applyReset(store, others, {kind, value}, timeoutMs);
}

function newValue({mode, next}: Counter, {kind, value}: ResetTarget, location: string): bigint {
  if (kind === 'to') return value;
  if (kind === 'at-least') return next !== undefined && next > value ? next : value;
  if (next === undefined) throw damagedCounter(mode, location);
  if (value > MAX_COUNTER - next) {
    throw new UniqueIDError(
      'COUNTER_EXHAUSTED',
      `Mode ${JSON.stringify(mode)} is at ${next} and cannot move forward by ${value}: ` +
        `the highest counter is ${MAX_COUNTER}.`,
      {hint: next < MAX_COUNTER ? `Pass --by ${MAX_COUNTER - next} or less.` : 'Use another mode.'},
    );
  }
  return next + value;
}

function conflictError(mode: string, next: bigint | undefined): UniqueIDError {
  return new UniqueIDError(
    'REJECTED',
    `The counter of mode ${JSON.stringify(mode)} changed during the reset ` +
      `and is now ${next ?? 'missing or damaged'}; nothing was reset.`,
    {hint: 'Shut down the services on this database, then reset again.'},
  );
}
