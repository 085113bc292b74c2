import type {DatabaseUrl} from '../../config/database-url.js';
import {readOnlyServer} from '../shared/network-errors.js';
import type {Pool} from './connection/pool.js';

/**
 * Queries that return true for a server that does not satisfy `target_session_attrs`.
 * https://www.postgresql.org/docs/current/libpq-connect.html
 */
const cannotServe = {
  any: 'SELECT false AS "cannotServe"',
  'read-write': `SELECT current_setting('transaction_read_only') = 'on' AS "cannotServe"`,
  primary: 'SELECT pg_is_in_recovery() AS "cannotServe"',
};

/**
 * Returns the check that a host satisfies `target_session_attrs`; `undefined` if no host needs it.
 *
 * @returns a check that throws UniqueIDError `DATABASE_READ_ONLY` for another host
 */
export function fitnessCheck({hosts, options}: DatabaseUrl): ((pool: Pool) => Promise<void>) | undefined {
  const {targetSessionAttrs} = options;
  if (hosts.length === 1 && targetSessionAttrs === 'any') return undefined;
  return async (pool) => {
    const [row] = (await pool.unsafe(cannotServe[targetSessionAttrs])) as unknown as readonly {
      readonly cannotServe: boolean;
    }[];
    if (row?.cannotServe === true) throw readOnlyServer(pool.destination.location, undefined);
  };
}
