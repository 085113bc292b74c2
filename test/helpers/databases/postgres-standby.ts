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

/** What `synchronous_standby_names` calls a standby of the tests. */
const STANDBY = 'standby';

export interface StandbyOptions {
  /** Where the standby answers; a free port without it. */
  readonly port?: number;
  /** Where the standby finds its primary, if not at its own port: a proxy, say. */
  readonly through?: number;
}

/** Copies a running server with pg_basebackup and starts the copy as a standby that streams from it. */
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
  // Not blocking: what it goes through may be a proxy of this process.
  await promisify(execFile)(
    join(programs, 'pg_basebackup'),
    [
      ...['-D', data, '-d', `host=127.0.0.1 port=${through} user=tester application_name=${STANDBY}`],
      ...['--write-recovery-conf', '--checkpoint=fast', '--no-sync'],
    ],
    {cwd: folder.path, env: {PGPASSWORD: password}, ...user},
  );
  // The later line counts. A copy that is promoted starts alone: nobody replicates it yet.
  appendFileSync(join(data, 'postgresql.auto.conf'), `port = ${own}\nsynchronous_standby_names = ''\n`);
  return runPostgres(folder, own);
}

/** Runs statements on a server, one after the other, and returns the rows of the last one. */
export async function onServer(
  server: PrivateServer,
  ...statements: readonly string[]
): Promise<unknown[][]> {
  const sql = postgres(`${server.url}/postgres`, {max: 1, onnotice: () => undefined});
  try {
    let rows: unknown[][] = [];
    for (const statement of statements) rows = [...(await sql.unsafe(statement).values())] as unknown[][];
    return rows;
  } finally {
    await sql.end();
  }
}

/** From here on the server answers a commit once its standby has it as well; returns when that is so. */
export async function replicateSynchronously(primary: PrivateServer): Promise<void> {
  await onServer(
    primary,
    `ALTER SYSTEM SET synchronous_standby_names = '${STANDBY}'`,
    'SELECT pg_reload_conf()',
  );
  await untilStandbyIs(primary, 'sync');
}

/** Waits until the standby streams in this way, as `sync_state` says it. */
export async function untilStandbyIs(primary: PrivateServer, state: 'sync' | 'async'): Promise<void> {
  const streams = `SELECT 1 FROM pg_stat_replication WHERE state = 'streaming' AND sync_state = '${state}'`;
  for (let turn = 0; turn < 300; turn++) {
    if ((await onServer(primary, streams)).length > 0) return;
    await sleep(50);
  }
  throw new Error('the standby does not stream');
}

/** Makes a standby a primary; returns when it takes writes. */
export async function promote(standby: PrivateServer): Promise<void> {
  await onServer(standby, 'SELECT pg_promote()');
}

/** Ends a server and every process of it at once with SIGKILL, as when its machine dies. */
export async function crash(server: PrivateServer): Promise<void> {
  const postmaster = Number(
    readFileSync(join(server.folder, 'data', 'postmaster.pid'), 'utf8').split('\n')[0],
  );
  // Stopped, it neither sees its children die nor starts new ones.
  process.kill(postmaster, 'SIGSTOP');
  const children = readFileSync(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8').split(' ');
  for (const pid of [...children.filter((text) => text !== '').map(Number), postmaster]) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself just now.
    }
  }
  await server.kill();
}
