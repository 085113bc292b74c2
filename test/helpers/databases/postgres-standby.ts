import {execFile} from 'node:child_process';
import {appendFileSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {promisify} from 'node:util';
import postgres from 'postgres';
import {
  findPostgres,
  freePort,
  ownFolder,
  password,
  postgresUser,
  runPostgres,
  type PrivateServer,
} from './private-server.js';

/** The name of a standby in `synchronous_standby_names`. */
const STANDBY = 'standby';

export interface StandbyOptions {
  /** The port of the standby; the default is a free one. */
  readonly port?: number;
  /** The port that leads to the primary, such as that of a proxy; the default is the primary's own. */
  readonly through?: number;
}

/** Copies a running server with pg_basebackup, and starts the copy as a streaming standby. */
export async function startStandby(
  primary: PrivateServer,
  {port, through = primary.port}: StandbyOptions = {},
): Promise<PrivateServer> {
  const programs = findPostgres();
  if (programs === undefined) throw new Error('PostgreSQL is not installed');
  const user = postgresUser();
  const folder = ownFolder('postgres', user);
  const data = join(folder.path, 'data');
  const own = port ?? (await freePort());
  // Must not block this process, which may run the proxy in between.
  await promisify(execFile)(
    join(programs, 'pg_basebackup'),
    [
      ...['-D', data, '-d', `host=127.0.0.1 port=${through} user=tester application_name=${STANDBY}`],
      ...['--write-recovery-conf', '--checkpoint=fast', '--no-sync'],
    ],
    {cwd: folder.path, env: {PGPASSWORD: password}, ...user},
  );
  // Later lines override earlier ones. A promoted copy starts without a standby.
  appendFileSync(join(data, 'postgresql.auto.conf'), `port = ${own}\nsynchronous_standby_names = ''\n`);
  return runPostgres(folder, own);
}

/** Runs statements on a server in sequence, and returns the rows of the last one. */
export async function onServer(
  server: PrivateServer,
  ...statements: readonly string[]
): Promise<unknown[][]> {
  const sql = postgres(`${server.url}/postgres`, {max: 1, fetch_types: false, onnotice: () => undefined});
  try {
    let rows: unknown[][] = [];
    for (const statement of statements) rows = [...(await sql.unsafe(statement).values())] as unknown[][];
    return rows;
  } finally {
    await sql.end();
  }
}

/** Makes the server wait for its standby at each commit; returns when this is in effect. */
export async function replicateSynchronously(primary: PrivateServer): Promise<void> {
  await onServer(
    primary,
    `ALTER SYSTEM SET synchronous_standby_names = '${STANDBY}'`,
    'SELECT pg_reload_conf()',
  );
  await untilStandbyIs(primary, 'sync');
}

/** Waits until the standby streams with this `sync_state`. */
export async function untilStandbyIs(primary: PrivateServer, state: 'sync' | 'async'): Promise<void> {
  const streams = `SELECT 1 FROM pg_stat_replication WHERE state = 'streaming' AND sync_state = '${state}'`;
  for (let turn = 0; turn < 300; turn++) {
    if ((await onServer(primary, streams)).length > 0) return;
    await sleep(50);
  }
  throw new Error('the standby does not stream');
}

/** Makes a standby a primary; returns when it accepts writes. */
export async function promote(standby: PrivateServer): Promise<void> {
  // The replay of the rest may cancel every statement that lasts, so also one that waits for the promotion.
  await onServer(standby, 'SELECT pg_promote(false)');
  for (let turn = 0; turn < 600; turn++) {
    const [row] = await onServer(standby, 'SELECT pg_is_in_recovery()').catch(() => []);
    if (row?.[0] === false) return;
    await sleep(50);
  }
  throw new Error('the standby is not promoted');
}

/** Kills all processes of a server with SIGKILL, as when its machine fails. */
export async function crash(server: PrivateServer): Promise<void> {
  // A stopped postmaster does not notice dead children and starts no new ones.
  for (const pid of freeze(server)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has just ended.
    }
  }
  await server.kill();
}

/**
 * Stops all processes of a server without a trace for its clients: their connections stay open and answer
 * nothing.
 *
 * @returns the processes
 */
export function freeze({folder}: PrivateServer): readonly number[] {
  const postmaster = Number(readFileSync(join(folder, 'data', 'postmaster.pid'), 'utf8').split('\n')[0]);
  process.kill(postmaster, 'SIGSTOP');
  const children = readFileSync(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8').split(' ');
  const pids = [...children.filter((text) => text !== '').map(Number), postmaster];
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  return pids;
}
