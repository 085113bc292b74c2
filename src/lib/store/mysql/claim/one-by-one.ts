import type {PoolConnection, ResultSetHeader} from 'mysql2/promise';
import {MAX_COUNTER} from '../../../core/range.js';
import {refusal} from '../../shared/counter-moves.js';
import type {Advance, Claim} from '../../store.js';
import {isCounterValue} from '../../shared/counter-value.js';
import {storedValue, type CounterRow} from './counter-row.js';
import * as statements from '../statements.js';

/** From so many claims on, a second round trip costs less than two statements for each of them. */
const MANY = 8;

/** Where the claims are made, and from where new counters begin. */
interface Place {
  readonly connection: PoolConnection;
  readonly firstIndex: bigint;
  readonly location: string;
}

/** Does what `Store.advance` promises, in one transaction. */
export function advance(place: Place, claims: readonly Claim[]): Promise<readonly Advance[]> {
  return claims.length < MANY ? advanceEach(place, 'START TRANSACTION;', claims) : advanceMany(place, claims);
}

/** A statement a claim and a look at what came of it, all in one round trip, to the end of the transaction. */
async function advanceEach(
  {connection, firstIndex, location}: Place,
  before: string,
  claims: readonly Claim[],
): Promise<readonly Advance[]> {
  const texts = claims.map((claim) => statements.advanceStatements(claim, firstIndex));
  const [answers] = await connection.query(`${before} ${texts.join(' ')} COMMIT`);
  const each = answers as unknown as readonly (ResultSetHeader | CounterRow[])[];
  return claims.map((claim, index) => {
    // The first answer is that of the statement before.
    const taken = each[1 + index * statements.STATEMENTS_A_CLAIM] as ResultSetHeader;
    const [row] = each[2 + index * statements.STATEMENTS_A_CLAIM] as CounterRow[];
    const next = row === undefined ? undefined : storedValue(row);
    if (taken.affectedRows > 0 && isCounterValue(next)) return {next};
    return refusal(claim, next, firstIndex, location);
  });
}

/**
 * Locks and reads all rows in one round trip, and writes all sums in a second one. A row that is not there cannot be
 * locked, and one that answers to another name, as in a table that takes `File` for `file`, may have two claims: both
 * kinds are advanced each by a statement of its own.
 */
async function advanceMany(place: Place, claims: readonly Claim[]): Promise<readonly Advance[]> {
  const {connection, firstIndex, location} = place;
  const modes = claims.map(({mode}) => mode);
  const [answers] = await connection.query(`START TRANSACTION; ${statements.lockCounters(modes)}`);
  const [, rows = []] = answers as unknown as readonly CounterRow[][];
  const stored = new Map(rows.map((row) => [row.mode, storedValue(row)]));
  const others: Claim[] = [];
  const advances = new Map<string, Advance>();
  const sums: {mode: string; next: bigint}[] = [];
  for (const claim of claims) {
    const {mode, count, floor} = claim;
    const before = stored.get(mode);
    if (before === undefined) others.push(claim);
    else if (isCounterValue(before) && before >= (floor ?? 0n) && before <= MAX_COUNTER - count) {
      sums.push({mode, next: before + count});
      advances.set(mode, {next: before + count});
    } else advances.set(mode, refusal(claim, before, firstIndex, location));
  }
  const write = sums.length === 0 ? 'DO 0;' : `${statements.putCounters(sums)};`;
  const each = await advanceEach(place, write, others);
  for (const [index, {mode}] of others.entries()) {
    const result = each[index];
    if (result !== undefined) advances.set(mode, result);
  }
  return modes.flatMap((mode) => advances.get(mode) ?? []);
}
