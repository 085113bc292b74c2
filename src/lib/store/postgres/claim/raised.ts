import {raisedClaim, toLineage} from '../../shared/lineage.js';
import type {Claim, ClaimResult, Lineage} from '../../store.js';
import type {Asked, Pool} from '../connection/pool.js';
import type {Row} from './rows.js';
import * as statements from '../statements.js';

/** Reads the identity and the epoch; sees what other transactions committed before this statement. */
export async function readLineage(session: Asked): Promise<Lineage> {
  const rows = (await session.unsafe(statements.readParts)) as unknown as readonly {
    part: string;
    value: number;
  }[];
  return toLineage(rows);
}

/** Thrown to roll a transaction back; never leaves the store. */
class EpochChanged extends Error {}

/** Runs a transaction of `advanceRaised`, and rolls it back if a reset came first. */
export async function unlessReset<T>(running: Promise<T>): Promise<T | 'reset'> {
  try {
    return await running;
  } catch (error) {
    if (error instanceof EpochChanged) return 'reset';
    throw error;
  }
}

/**
 * Implements `Store.advanceRaised` in one transaction. It locks the counters first, as a reset does, so that
 * the epoch it then reads stays valid until the commit.
 */
export async function advanceRaised(
  transaction: Asked,
  typed: Pool['typed'],
  {claims, firstIndex, epoch, location}: RaisedClaims,
): Promise<readonly ClaimResult[]> {
  const modes = typed.texts(claims.map(({mode}) => mode));
  const starts = claims.map(({minimum}) => (minimum > firstIndex ? minimum : firstIndex));
  await transaction.unsafe(statements.createCounters, [modes, typed.bigints(starts)]);
  const rows = (await transaction.unsafe(statements.lockCounters, [modes])) as unknown as readonly Row[];
  if ((await readLineage(transaction)).epoch !== epoch) throw new EpochChanged();
  const stored = new Map(rows.map(({mode, next}) => [mode, next]));
  const moves: Row[] = [];
  const results = claims.map((claim): ClaimResult => {
    const result = raisedClaim(claim, stored.get(claim.mode), location);
    if (result.kind === 'granted') moves.push({mode: claim.mode, next: result.next});
    return result;
  });
  await transaction.unsafe(statements.moveCounters, [
    typed.texts(moves.map(({mode}) => mode)),
    typed.bigints(moves.map(({next}) => next)),
  ]);
  return results;
}

interface RaisedClaims {
  readonly claims: readonly Claim[];
  readonly firstIndex: bigint;
  readonly epoch: number;
  readonly location: string;
}
