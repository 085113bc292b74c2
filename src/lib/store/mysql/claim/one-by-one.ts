import type {PoolConnection, ResultSetHeader} from 'mysql2/promise';
import {MAX_COUNTER} from '../../../core/range.js';
import {rejection} from '../../shared/counter-moves.js';
import type {ClaimResult, Claim} from '../../store.js';
import {isCounterValue} from '../../shared/counter-value.js';
import {storedValue, type CounterRow} from './counter-row.js';
import * as statements from '../statements.js';
import {send, sendInTransaction, type Answers} from './transaction.js';

/** From so many claims on, a second round trip costs less than two statements for each of them. */
const MANY = 8;

/** Where the claims are made, and from where new counters begin. */
interface Place {
  readonly connection: PoolConnection;
  readonly firstIndex: bigint;
  readonly location: string;
  /** The server is a Galera node: other nodes' commits can abort a transaction at any moment. */
  readonly isGaleraNode: boolean;
}

/** Does what `Store.advance` promises, in one transaction. */
export function advance(place: Place, claims: readonly Claim[]): Promise<readonly ClaimResult[]> {
  // A node that aborts a text between two claims commits the later claims without the former ones: those would be gaps.
  const most = place.isGaleraNode ? 1 : MANY - 1;
  return claims.length <= most
    ? advanceEach(place, 'START TRANSACTION;', claims)
    : advanceMany(place, claims);
}

/**
 * Sends the last statements of a transaction, each ended by a semicolon, and commits. A Galera node reports an abort to the next
 * text at the latest, so that COMMIT is one of its own there.
 */
async function sendAndCommit({connection, location, isGaleraNode}: Place, text: string): Promise<Answers> {
  if (!isGaleraNode) return send(connection, `${text} COMMIT`);
  const answers = await sendInTransaction(connection, text, location);
  await connection.query('COMMIT');
  return answers;
}

/** Sends a statement per claim and a look at what came of it, to the end of the transaction. */
async function advanceEach(
  place: Place,
  before: string,
  claims: readonly Claim[],
): Promise<readonly ClaimResult[]> {
  const {firstIndex, location} = place;
  const texts = claims.map((claim) => statements.advanceStatements(claim, firstIndex));
  const each = await sendAndCommit(place, `${before} ${texts.join(' ')}`);
  return claims.map((claim, index) => {
    // The first answer is that of the statement before.
    const taken = each[1 + index * statements.STATEMENTS_A_CLAIM] as ResultSetHeader;
    const [row] = each[2 + index * statements.STATEMENTS_A_CLAIM] as CounterRow[];
    const next = row === undefined ? undefined : storedValue(row);
    if (taken.affectedRows > 0 && isCounterValue(next)) return {kind: 'granted', next};
    return rejection(claim, next, firstIndex, location);
  });
}

/**
 * Locks and reads all rows in one round trip, and writes all sums in a second one. A row that is not there cannot be
 * locked, and one that answers to another name, as in a table that takes `File` for `file`, may have two claims: both
 * kinds are advanced each by a statement of its own.
 */
async function advanceMany(place: Place, claims: readonly Claim[]): Promise<readonly ClaimResult[]> {
  const {connection, firstIndex, location} = place;
  const modes = claims.map(({mode}) => mode);
  const lock = `START TRANSACTION; ${statements.lockCounters(modes)};`;
  const [, rows] = (await sendInTransaction(connection, lock, location)) as readonly CounterRow[][];
  const stored = new Map(rows?.map((row) => [row.mode, storedValue(row)]));
  const others: Claim[] = [];
  const results = new Map<string, ClaimResult>();
  const sums: {mode: string; next: bigint}[] = [];
  for (const claim of claims) {
    const {mode, count, minimum} = claim;
    const before = stored.get(mode);
    if (before === undefined) others.push(claim);
    else if (isCounterValue(before) && before >= minimum && before <= MAX_COUNTER - count) {
      sums.push({mode, next: before + count});
      results.set(mode, {kind: 'granted', next: before + count});
    } else results.set(mode, rejection(claim, before, firstIndex, location));
  }
  const write = sums.length === 0 ? 'DO 0;' : `${statements.putCounters(sums)};`;
  const each = await advanceEach(place, write, others);
  for (const [index, {mode}] of others.entries()) {
    const result = each[index];
    if (result !== undefined) results.set(mode, result);
  }
  return modes.flatMap((mode) => results.get(mode) ?? []);
}
