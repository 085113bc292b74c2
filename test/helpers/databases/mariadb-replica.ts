import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {createConnection} from 'mysql2/promise';
import {onTestFinished} from 'vitest';
import {password, startMariadb, type PrivateServer} from './private-server.js';

/** A user with the rights of UniqueID alone: the user of the tests may write to read-only servers. */
const clerk = 'clerk:secret';

/** The database that the clerk may use. */
const database = 'ids';

/** Runs statements on a server in sequence, and returns the rows of the last one as objects. */
export async function onMariadb(
  {port}: PrivateServer,
  ...statements: readonly string[]
): Promise<readonly Record<string, unknown>[]> {
  const connection = await createConnection({host: '127.0.0.1', port, user: 'tester', password});
  try {
    let rows: unknown;
    for (const statement of statements) [rows] = await connection.query(statement);
    return rows as readonly Record<string, unknown>[];
  } finally {
    connection.destroy();
  }
}

/** Starts a server with a binary log and the clerk's database, and removes it with the test. */
export async function startMariadbPrimary(): Promise<PrivateServer> {
  const primary = await startServer(1);
  await createClerk(primary);
  return primary;
}

/** Creates the clerk and the database. */
export async function createClerk(server: PrivateServer): Promise<void> {
  await onMariadb(
    server,
    `CREATE DATABASE ${database}`,
    `CREATE USER clerk@'%' IDENTIFIED BY 'secret'`,
    `GRANT SELECT, INSERT, UPDATE, CREATE ON ${database}.* TO clerk@'%'`,
  );
}

/** Starts a read-only replica. The primary then waits for its confirmation at each commit. */
export async function startMariadbReplica(primary: PrivateServer): Promise<PrivateServer> {
  const replica = await startServer(2);
  await onMariadb(
    replica,
    'RESET MASTER',
    'SET GLOBAL rpl_semi_sync_slave_enabled = ON',
    `CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = ${primary.port}, MASTER_USER = 'tester',
       MASTER_PASSWORD = '${password}', MASTER_USE_GTID = slave_pos`,
    'START SLAVE',
    'SET GLOBAL read_only = ON',
  );
  await onMariadb(
    primary,
    `SET GLOBAL rpl_semi_sync_master_wait_point = 'AFTER_SYNC'`,
    'SET GLOBAL rpl_semi_sync_master_timeout = 3600000',
    'SET GLOBAL rpl_semi_sync_master_enabled = ON',
  );
  while (!(await hasReplica(primary))) await sleep(50);
  return replica;
}

async function hasReplica(primary: PrivateServer): Promise<boolean> {
  const [row] = await onMariadb(primary, `SHOW GLOBAL STATUS LIKE 'Rpl_semi_sync_master_clients'`);
  return Number(row?.['Value']) > 0;
}

/** Makes a replica a primary. */
export async function promoteReplica(replica: PrivateServer): Promise<void> {
  await onMariadb(replica, 'STOP SLAVE', 'SET GLOBAL read_only = OFF');
}

/** Stops a server without a trace for its clients: its connections stay open and answer nothing. */
export function freeze({folder}: PrivateServer): void {
  process.kill(Number(readFileSync(join(folder, 'pid'), 'utf8')), 'SIGSTOP');
}

/** Returns one URL with all servers, in this order. */
export function clerkUrl(...ports: readonly number[]): string {
  return `mysql://${clerk}@${ports.map((port) => `127.0.0.1:${port}`).join(',')}/${database}`;
}

async function startServer(id: number): Promise<PrivateServer> {
  const server = await startMariadb([
    `--server-id=${id}`,
    '--log-bin=binlog',
    '--binlog-format=ROW',
    '--sync-binlog=1',
  ]);
  onTestFinished(() => server.remove());
  return server;
}
