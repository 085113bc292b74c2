import {raised, toCounter} from '../refusal.js';
import type {Comparison, Floor, Raise} from '../store.js';
import type {Asked} from './pool.js';
import * as statements from './statements.js';

interface Row {
  readonly mode: string;
  readonly next: bigint;
}

/** Reads how the column of modes compares them. */
export async function readComparison(asked: Asked): Promise<Comparison> {
  const [row] = (await asked.unsafe(statements.readComparison)) as unknown as readonly {name: string}[];
  const name = row?.name ?? '';
  if (name === '') return {name: 'deterministic', kind: 'exact'};
  return {name, kind: name === 'character' ? 'padded' : 'folding'};
}

/**
 * Raises counters one by one in a table that takes different modes for one, inside a transaction: one statement for
 * all of them fails if two go to one row. A table that somebody made by hand is the only such one.
 */
export async function raiseEach(
  transaction: Asked,
  floors: readonly Floor[],
  dryRun: boolean,
): Promise<readonly Raise[]> {
  await transaction.unsafe('SAVEPOINT unraised');
  const raises: Raise[] = [];
  for (const {mode, next} of floors) {
    const [before] = (await transaction.unsafe(`${statements.readCounter} FOR UPDATE`, [
      mode,
    ])) as unknown as readonly Row[];
    const [after] = (await transaction.unsafe(statements.putCounter, [
      mode,
      next,
    ])) as unknown as readonly Row[];
    const raise = raised({mode, next}, before === undefined ? undefined : toCounter(before).next);
    raises.push({...raise, stored: after?.mode ?? mode});
  }
  const isExact = raises.every(({mode, stored}) => mode === stored);
  if (dryRun || !isExact) await transaction.unsafe('ROLLBACK TO SAVEPOINT unraised');
  return raises;
}
