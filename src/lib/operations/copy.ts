import {UniqueIDError} from '../core/errors.js';
import {schemaProblem} from '../store/schema/verdict.js';
import {raised} from '../store/shared/counter-moves.js';
import type {CounterMinimum, Raise, Store} from '../store/store.js';

/**
 * Reads every counter of the source of a copy.
 *
 * @param target `undefined` if a dry run finds no tables
 * @throws UniqueIDError `SCHEMA_*` if the tables cannot be read, `COUNTER_DAMAGED` if a counter is no
 *   integer, `USAGE` if source and target are the same database
 */
export async function readMinimums(
  source: Store,
  target: Store | undefined,
): Promise<readonly CounterMinimum[]> {
  if (target !== undefined && (await source.identity()) === (await target.identity())) {
    throw new UniqueIDError('USAGE', `${source.location} and ${target.location} are the same database.`, {
      hint: 'Pass the old database with --from and the new one with --database or PEEWEE_URL.',
    });
  }
  const problem = schemaProblem(await source.readSchema(), source.location);
  // Version 0.0 has the same table of counters.
  if (problem !== undefined && problem.code !== 'SCHEMA_TOO_OLD') throw problem;
  return (await source.counters()).map(({mode, next}) => {
    if (next !== undefined) return {mode, next};
    throw new UniqueIDError(
      'COUNTER_DAMAGED',
      `The counter of mode ${JSON.stringify(mode)} in ${source.location} is not an integer.`,
      {
        hint:
          'Set it past the last integer in use with "uniqueid reset --mode MODE --at-least N", ' +
          'then copy again.',
      },
    );
  });
}

/**
 * Raises each counter of the target to the higher of both values, all or none.
 *
 * @throws UniqueIDError `REJECTED` if the target folds two modes into one, which would share a counter
 */
export async function copyCounters(
  target: Store,
  minimums: readonly CounterMinimum[],
  dryRun: boolean,
): Promise<readonly Raise[]> {
  const raises = minimums.length === 0 ? [] : await target.raiseCounters(minimums, dryRun);
  const collisions = raises.filter(({mode, stored}) => mode !== stored);
  if (collisions.length === 0) return raises;
  const pairs = collisions
    .map(({mode, stored}) => `${JSON.stringify(mode)} and ${JSON.stringify(stored)}`)
    .join(', ');
  throw new UniqueIDError(
    'REJECTED',
    `${target.location} would merge different modes into one counter: ${pairs}.`,
    {
      hint: 'Copy into a new, empty database: tables created by UniqueID keep such modes apart.',
    },
  );
}

/** Returns the result of a copy into a database without tables. */
export function copyIntoEmpty(minimums: readonly CounterMinimum[]): readonly Raise[] {
  return minimums.map((minimum) => raised(minimum, undefined));
}
