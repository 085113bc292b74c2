import type {PoolConnection, RowDataPacket} from 'mysql2/promise';
import {nodeNotReady, readOnlyServer} from '../shared/network-errors.js';

/** Read by every user. Newer MariaDB has further values of `read_only` than ON. */
const readVariables = `SHOW GLOBAL VARIABLES
  WHERE Variable_name IN ('read_only', 'super_read_only', 'innodb_read_only', 'wsrep_on')`;

const readNodeStatus = `SHOW GLOBAL STATUS
  WHERE Variable_name IN ('wsrep_cluster_status', 'wsrep_ready', 'wsrep_local_state')`;

/**
 * The status of a node that may be used. State 4 is synced; a donor and a desynced node have state 2.
 * https://mariadb.com/kb/en/galera-cluster-status-variables/
 */
const readyNode = {wsrep_cluster_status: 'Primary', wsrep_ready: 'ON', wsrep_local_state: '4'};

/**
 * Rejects a read-only server, even if this user may write to it: that would be a second database.
 *
 * @returns the variables of the server
 * @throws UniqueIDError `DATABASE_READ_ONLY`
 */
export async function assertWritable(
  connection: PoolConnection,
  location: string,
): Promise<ReadonlyMap<string, string>> {
  const variables = await readPairs(connection, readVariables);
  for (const name of ['read_only', 'super_read_only', 'innodb_read_only'])
    if ((variables.get(name) ?? 'OFF') !== 'OFF') throw readOnlyServer(location, undefined);
  return variables;
}

/**
 * Rejects a host that should not be used if the URL names another one.
 *
 * @throws UniqueIDError `DATABASE_READ_ONLY`; `DATABASE_UNAVAILABLE` for a Galera node that is not ready
 */
export async function assertFit(connection: PoolConnection, location: string): Promise<void> {
  const variables = await assertWritable(connection, location);
  // A server without Galera also reports the status of a node.
  if (variables.get('wsrep_on') !== 'ON') return;
  const status = await readPairs(connection, readNodeStatus);
  for (const [name, ready] of Object.entries(readyNode)) {
    const value = status.get(name) ?? 'unknown';
    if (value !== ready) throw nodeNotReady(location, name, value);
  }
}

async function readPairs(connection: PoolConnection, query: string): Promise<ReadonlyMap<string, string>> {
  const [rows] = await connection.query<RowDataPacket[]>(query);
  return new Map(rows.map((row) => [String(row['Variable_name']), String(row['Value'])]));
}
