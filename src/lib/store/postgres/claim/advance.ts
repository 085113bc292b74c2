import type {UniqueIDError} from '../../../core/errors.js';
import {MAX_COUNTER} from '../../../core/range.js';
import {alteredFlaw} from '../../schema/structure.js';
import {unsuitable} from '../../schema/verdict.js';
import {rejection} from '../../shared/counter-moves.js';
import {isCounterValue} from '../../shared/counter-value.js';
import type {Claim, ClaimResult} from '../../store.js';
import type {Pool} from '../connection/pool.js';
import type {Plans} from './plans.js';
import type {AdvancedRow, Row} from './rows.js';
import * as statements from '../statements.js';
import type {TablesInUse} from '../tables.js';

/** Sends a statement of an allocation. */
type Send = <T>(statement: string, parameters: readonly unknown[]) => PromiseLike<readonly T[]>;

/** The connections, the tables and the limits for a batch of claims. */
export interface AdvanceContext {
  readonly pool: Pool;
  readonly tables: TablesInUse;
  readonly plans: Plans;
  readonly send: Send;
  readonly firstIndex: bigint;
  readonly location: string;
}

/** Implements `Store.advance`. */
export async function advance(
  context: AdvanceContext,
  claims: readonly Claim[],
): Promise<readonly ClaimResult[]> {
  const {pool, tables, plans, send, firstIndex} = context;
  let counters = await tables.assertServable(pool);
  await plans.look(pool, counters);
  const granted = new Map<string, bigint>();
  const collect = async (rows: PromiseLike<readonly AdvancedRow[]>): Promise<void> => {
    for (const {mode, next, table = counters} of await rows) {
      if (table !== counters) counters = await tables.assertReplaced(pool, table);
      if (granted.has(mode)) throw altered(context);
      granted.set(mode, next);
    }
  };
  const isInsertable = ({count}: {readonly count: bigint}): boolean => count <= MAX_COUNTER - firstIndex;
  for (const {mode, count, minimum} of claims) {
    // For the only mode of a batch this statement takes a fifth less time than the one for many.
    if ((claims.length > 1 && isInsertable({count})) || count > MAX_COUNTER) continue;
    await collect(send(statements.advanceExisting, [mode, count, minimum]));
  }
  const insertable = granted.size < claims.length ? claims.filter(isInsertable) : [];
  if (insertable.length > 0) {
    const modes = pool.typed.texts(insertable.map(({mode}) => mode));
    const counts = pool.typed.bigints(insertable.map(({count}) => count));
    const minimums = pool.typed.bigints(insertable.map(({minimum}) => minimum));
    const mayCreate = pool.typed.booleans(insertable.map((claim) => claim.mayCreate));
    await collect(send(statements.advance, [modes, counts, firstIndex, minimums, mayCreate]));
  }
  return granted.size === claims.length
    ? claims.map(({mode}) => grantOf(context, granted, mode))
    : explain(context, claims, granted);
}

/** Finds out why some counters did not advance; the reasons stay valid unless a reset lowers a counter. */
async function explain(
  context: AdvanceContext,
  claims: readonly Claim[],
  granted: ReadonlyMap<string, bigint>,
): Promise<ClaimResult[]> {
  const {pool, send, firstIndex, location} = context;
  const rejected = claims.filter(({mode}) => !granted.has(mode)).map(({mode}) => mode);
  const rows = await send<Row>(statements.readCounters, [pool.typed.texts(rejected)]);
  const stored = new Map(rows.map(({mode, next}) => [mode, next]));
  return claims.map((claim) =>
    granted.has(claim.mode)
      ? grantOf(context, granted, claim.mode)
      : rejection(claim, stored.get(claim.mode), firstIndex, location),
  );
}

/** Checks the answer: an altered table may return a padded mode or a value of another type. */
function grantOf(context: AdvanceContext, granted: ReadonlyMap<string, unknown>, mode: string): ClaimResult {
  const next = granted.get(mode);
  if (isCounterValue(next)) return {kind: 'granted', next};
  throw altered(context);
}

function altered({tables, location}: AdvanceContext): UniqueIDError {
  tables.forget();
  return unsuitable(location, alteredFlaw);
}
