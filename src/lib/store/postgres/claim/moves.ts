import {findConflict, raised, toCounter} from '../../shared/counter-moves.js';
import {EPOCH_PART, isBackward, leastEpoch, modeEpochParts} from '../../shared/lineage.js';
import type {Counter, CounterMinimum, CounterMove, Raise} from '../../store.js';
import type {Asked, Pool} from '../connection/pool.js';
import {readLineage} from './raised.js';
import type {Row} from './rows.js';
import * as statements from '../statements.js';

/** Implements `Store.moveCounters` in one transaction. */
export async function moveCounters(
  transaction: Asked,
  typed: Pool['typed'],
  moves: readonly CounterMove[],
): Promise<readonly Counter[]> {
  const modes = typed.texts(moves.map(({mode}) => mode));
  const rows = (await transaction.unsafe(statements.lockCounters, [modes])) as unknown as readonly Row[];
  const current = new Map(rows.map((row) => [row.mode, toCounter(row)]));
  const conflicts = moves.flatMap((move) => findConflict(move, current.get(move.mode)));
  if (conflicts.length > 0) return conflicts;
  await transaction.unsafe(statements.moveCounters, [modes, typed.bigints(moves.map(({to}) => to))]);
  if (moves.some(isBackward)) {
    const raise = (parts: readonly string[], epoch: number): Promise<unknown> =>
      transaction.unsafe(statements.raiseEpochs, [typed.texts(parts), epoch]);
    await raise([EPOCH_PART], leastEpoch(moves));
    const lineage = await readLineage(transaction);
    await raise(modeEpochParts(moves, lineage, 'exact'), lineage.epoch);
  }
  return conflicts;
}

/** Implements `Store.raiseCounters` in one transaction. */
export async function raiseCounters(
  transaction: Asked,
  typed: Pool['typed'],
  minimums: readonly CounterMinimum[],
  dryRun: boolean,
): Promise<readonly Raise[]> {
  const modes = typed.texts(minimums.map(({mode}) => mode));
  const query = dryRun ? statements.readCounters : statements.lockCounters;
  const rows = (await transaction.unsafe(query, [modes])) as unknown as readonly Row[];
  const current = new Map(rows.map((row) => [row.mode, toCounter(row).next]));
  if (!dryRun)
    await transaction.unsafe(statements.putCounters, [modes, typed.bigints(minimums.map(({next}) => next))]);
  return minimums.map((minimum) => raised(minimum, current.get(minimum.mode)));
}
