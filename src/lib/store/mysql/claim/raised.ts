import {raisedClaim} from '../../shared/lineage.js';
import type {Claim, ClaimResult} from '../../store.js';
import * as statements from '../statements.js';
import {batches} from './batches.js';
import {storedValue} from './counter-row.js';
import {readLineage, type Transaction} from './many.js';
import {resultsInOrder} from './results.js';

interface RaisedClaims {
  readonly claims: readonly Claim[];
  readonly firstIndex: bigint;
  readonly epoch: number;
  readonly location: string;
}

/**
 * Implements `Store.advanceRaised` in one transaction. It raises the counters first, which locks them as a
 * reset does, so that the epoch it then reads stays valid until the commit.
 */
export async function advanceRaised(
  {ask, end}: Transaction,
  {claims, firstIndex, epoch, location}: RaisedClaims,
): Promise<readonly ClaimResult[] | 'reset'> {
  await ask('START TRANSACTION');
  const results: [string, ClaimResult][] = [];
  for (const batch of batches(claims)) {
    const starts = batch.map(({mode, minimum}) => ({
      mode,
      next: minimum > firstIndex ? minimum : firstIndex,
    }));
    await ask(statements.createCounters(starts));
    const [rows = []] = await ask(statements.lockCounters(batch.map(({mode}) => mode)));
    const stored = new Map(rows.map((row) => [row.mode, storedValue(row)]));
    const exact = batch.filter(({mode}) => stored.has(mode));
    results.push(
      ...(await write(ask, exact, (claim) => raisedClaim(claim, stored.get(claim.mode), location))),
    );
    // A row stored under another spelling may have several claims, so each of these reads it again.
    for (const claim of batch.filter(({mode}) => !stored.has(mode))) {
      const [[row] = []] = await ask(statements.readCounter(claim.mode));
      const value = row === undefined ? undefined : storedValue(row);
      results.push(...(await write(ask, [claim], () => raisedClaim(claim, value, location))));
    }
  }
  const isCurrent = (await readLineage(ask)).epoch === epoch;
  await end(isCurrent ? 'COMMIT' : 'ROLLBACK');
  return isCurrent
    ? resultsInOrder(
        claims.map(({mode}) => mode),
        new Map(results),
      )
    : 'reset';
}

/** Judges the claims, and writes the counters of those that are granted. @returns the results by mode */
async function write(
  ask: Transaction['ask'],
  claims: readonly Claim[],
  judge: (claim: Claim) => ClaimResult,
): Promise<readonly [string, ClaimResult][]> {
  const results = claims.map((claim): [string, ClaimResult] => [claim.mode, judge(claim)]);
  const sums = results.flatMap(([mode, result]) =>
    result.kind === 'granted' ? [{mode, next: result.next}] : [],
  );
  if (sums.length > 0) await ask(statements.putCounters(sums));
  return results;
}
