import type {PoolConnection} from 'mysql2/promise';
import * as statements from './statements.js';

/** What the server answers a user who may not write a table. */
const TABLE_ACCESS_DENIED = 1142;

/** Commits a write that changes no counter. */
export async function writeProbe(connection: PoolConnection): Promise<void> {
  await connection.query(statements.touchCounters);
  try {
    await connection.query(statements.writeProbe);
  } catch (error) {
    // A user who may write the counters alone can allocate; then only the right to is proven.
    if ((error as {errno?: unknown}).errno !== TABLE_ACCESS_DENIED) throw error;
  }
}
