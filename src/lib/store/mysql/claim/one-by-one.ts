import type {PoolConnection, ResultSetHeader} from 'mysql2/promise';
import {MAX_COUNTER} from '../../../core/range.js';
import {rejection} from '../../shared/counter-moves.js';
import type {ClaimResult, Claim} from '../../store.js';
import {isCounterValue} from '../../shared/counter-value.js';
import {storedValue, type CounterRow} from './counter-row.js';
import * as statements from '../statements.js';
import {resultsInOrder} from './results.js';
import {send, sendInTransaction, type Answers} from './transaction.js';

/** From this number of claims on, a second round trip costs less than two statements per claim. */
const MANY_THRESHOLD = 8;

/** The connection for a batch of claims, and what else they need. */
interface ClaimContext {
  readonly connection: PoolConnection;
  readonly firstIndex: bigint;
  readonly location: string;
  /** The server is a Galera node: other nodes' commits can abort a transaction at any moment. */
  readonly isGaleraNode: boolean;
}

/** Implements `Store.advance` in one transaction. */
export function advance(context: ClaimContext, claims: readonly Claim[]): Promise<readonly ClaimResult[]> {
  // A Galera node that aborts between two claims still commits the later ones: they would become gaps.
  const limit = context.isGaleraNode ? 1 : MANY_THRESHOLD - 1;
  return claims.length <= limit
    ? advanceEach(context, 'START TRANSACTION;', claims)
    : advanceMany(context, claims);
}

/**
 * Sends the last statements of a transaction, each ended by a semicolon, and commits. A Galera node reports
 * an abort to the next text at the latest, so there COMMIT is a text of its own.
 */
async function sendAndCommit(
  {connection, location, isGaleraNode}: ClaimContext,
  text: string,
): Promise<Answers> {
  if (!isGaleraNode) return send(connection, `${text} COMMIT`);
  const answers = await sendInTransaction(connection, text, location);
  await connection.query('COMMIT');
  return answers;
}

/** Sends `before` and one statement per claim, reads each result, and commits. */
async function advanceEach(
  context: ClaimContext,
  before: string,
  claims: readonly Claim[],
): Promise<readonly ClaimResult[]> {
  const {firstIndex, location} = context;
  const texts = claims.map((claim) => statements.advanceStatements(claim, firstIndex));
  const answers = await sendAndCommit(context, `${before} ${texts.join(' ')}`);
  return claims.map((claim, index) => {
    // The first answer belongs to `before`.
    const taken = answers[1 + index * statements.STATEMENTS_A_CLAIM] as ResultSetHeader;
    const [row] = answers[2 + index * statements.STATEMENTS_A_CLAIM] as CounterRow[];
    const next = row === undefined ? undefined : storedValue(row);
    if (taken.affectedRows > 0 && isCounterValue(next)) return {kind: 'granted', next};
    return rejection(claim, next, firstIndex, location);
  });
}

/**
 * Locks and reads all rows in one round trip, and writes all sums in a second one. Two kinds of claims get
 * their own statement instead. A missing row cannot be locked. A row stored under another spelling, as in a
 * table that treats `File` and `file` as equal, may have two claims.
 */
async function advanceMany(context: ClaimContext, claims: readonly Claim[]): Promise<readonly ClaimResult[]> {
  const {connection, firstIndex, location} = context;
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
  const otherResults = await advanceEach(context, write, others);
  for (const [index, {mode}] of others.entries()) {
    const result = otherResults[index];
    if (result !== undefined) results.set(mode, result);
  }
  return resultsInOrder(modes, results);
}
