import postgres from 'postgres';
import type {Asked} from './connection/pool.js';
import {probeStatement, touchCounters} from './statements.js';

/** The code of a missing right. */
const INSUFFICIENT_PRIVILEGE = '42501';

/** Commits a write that changes no counter. */
export async function writeProbe(asked: Asked, canSetCommit: boolean): Promise<void> {
  await asked.unsafe(touchCounters);
  try {
    await asked.unsafe(probeStatement(canSetCommit));
  } catch (error) {
    // A user who may write the counters alone can allocate; then only the right to is proven.
    if (!(error instanceof postgres.PostgresError) || error.code !== INSUFFICIENT_PRIVILEGE) throw error;
  }
}
