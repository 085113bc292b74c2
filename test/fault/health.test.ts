import {randomUUID} from 'node:crypto';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {createConnection} from 'mysql2/promise';
import {afterAll, beforeAll, describe, expect, inject, it, onTestFinished} from 'vitest';
import {mountSmallDisk} from '../helpers/folders/small-disk.js';
import {cli, startServer, type RunningServer} from '../helpers/programs/cli.js';
import {untilHealthIs} from '../helpers/network/health.js';
import {ask, keepAlive, rangeOf} from '../helpers/network/http.js';
import {needs, type Need} from '../helpers/run/needs.js';
import {makePostgresDatabase} from '../helpers/databases/postgres-database.js';
import {onServer} from '../helpers/databases/postgres-standby.js';
import {startMariadb, startPostgres, type PrivateServer} from '../helpers/databases/private-server.js';
import {makeSqliteDatabase} from '../helpers/databases/sqlite-database.js';
import {startProxy} from '../helpers/network/tcp-proxy.js';
import {makeWorkspace} from '../helpers/folders/workspace.js';

/** A database that a test can make unable to commit. */
interface Patient {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly hurt: () => Promise<unknown>;
  readonly mend: () => Promise<unknown>;
}

/** A reason why commits fail, and its effect on a running server. */
interface Illness {
  readonly name: string;
  readonly need?: Need;
  readonly code: string;
  readonly make: () => Promise<Patient>;
  /** The setting that a warning of `status` names, if the database's settings reveal the cause. */
  readonly setting?: string;
}

const hasPostgres = inject('postgresUrl') !== '';
const hasMysql = inject('mysqlUrl') !== '';
let postgres: PrivateServer | undefined;
let mariadb: PrivateServer | undefined;

beforeAll(async () => {
  if (hasPostgres) postgres = await startPostgres();
  if (hasMysql) mariadb = await startMariadb(['--log-bin', '--binlog-format=MIXED', '--server-id=1']);
});
afterAll(async () => {
  await postgres?.remove();
  await mariadb?.remove();
});

function started(server: PrivateServer | undefined): PrivateServer {
  if (server === undefined) throw new Error('the server was not started');
  return server;
}

/** Creates a database on the private PostgreSQL. */
async function onPostgres(hurt: readonly string[], mend: readonly string[]): Promise<Patient> {
  const server = started(postgres);
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await onServer(server, `CREATE DATABASE ${name}`);
  const run = (statements: readonly string[]): Promise<unknown> =>
    onServer(server, ...statements.map((each) => each.replaceAll('DATABASE', name)));
  onTestFinished(async () => {
    await run(mend);
  });
  return {
    env: {PEEWEE_URL: `${server.url}/${name}`, UNIQUEID_REQUEST_TIMEOUT: '2'},
    cwd: makeWorkspace(),
    hurt: () => run(hurt),
    mend: () => run(mend),
  };
}

/** Creates a database on the private MariaDB, with a user that `read_only` applies to. */
async function onMariadb(hurt: readonly string[], mend: readonly string[]): Promise<Patient> {
  const server = started(mariadb);
  const name = `t${randomUUID().replaceAll('-', '').slice(0, 20)}`;
  const admin = await createConnection({uri: `${server.url}/mysql`});
  const run = async (statements: readonly string[]): Promise<void> => {
    for (const statement of statements) await admin.query(statement);
    // A session keeps the binlog_format that it began with.
    const [rows] = await admin.query(`SELECT id FROM information_schema.processlist WHERE user = '${name}'`);
    for (const {id} of rows as {id: number}[]) await admin.query(`KILL ${id}`).catch(() => undefined);
  };
  await run([
    `CREATE DATABASE ${name}`,
    `CREATE USER ${name}@'%' IDENTIFIED BY 'secret'`,
    `GRANT SELECT, INSERT, UPDATE, CREATE ON ${name}.* TO ${name}@'%'`,
  ]);
  onTestFinished(async () => {
    await run(mend);
    await admin.end();
  });
  return {
    env: {
      PEEWEE_URL: `mysql://${name}:secret@127.0.0.1:${server.port}/${name}`,
      UNIQUEID_REQUEST_TIMEOUT: '2',
    },
    cwd: makeWorkspace(),
    hurt: () => run(hurt),
    mend: () => run(mend),
  };
}

function inSqlite(hurt: string, mend: string): Promise<Patient> {
  const cwd = makeWorkspace();
  const {execute} = makeSqliteDatabase(join(cwd, 'db.sqlite3'));
  const env = {UNIQUEID_REQUEST_TIMEOUT: '2'};
  return Promise.resolve({env, cwd, hurt: () => execute(hurt), mend: () => execute(mend)});
}

const setPostgres = (setting: string): string[] => [`ALTER SYSTEM ${setting}`, 'SELECT pg_reload_conf()'];

const illnesses: readonly Illness[] = [
  {
    name: 'a PostgreSQL that is read-only',
    need: 'postgresql',
    code: 'DATABASE_READ_ONLY',
    make: () =>
      onPostgres(
        setPostgres('SET default_transaction_read_only = on'),
        setPostgres('RESET default_transaction_read_only'),
      ),
    setting: 'default_transaction_read_only',
  },
  {
    name: 'a PostgreSQL that waits for a missing standby',
    need: 'postgresql',
    code: 'DATABASE_UNAVAILABLE',
    make: () =>
      onPostgres(
        setPostgres(`SET synchronous_standby_names = 'missing'`),
        setPostgres('RESET synchronous_standby_names'),
      ),
    setting: 'synchronous_standby_names',
  },
  {
    name: 'a MariaDB that is read-only',
    need: 'mariadb',
    code: 'DATABASE_READ_ONLY',
    make: () => onMariadb(['SET GLOBAL read_only = ON'], ['SET GLOBAL read_only = OFF']),
    setting: 'read_only',
  },
  {
    name: 'a MariaDB whose binlog_format rejects READ COMMITTED',
    need: 'mariadb',
    code: 'SCHEMA_UNSUITABLE',
    make: () => onMariadb(['SET GLOBAL binlog_format = STATEMENT'], ['SET GLOBAL binlog_format = MIXED']),
    setting: 'binlog_format',
  },
  {
    name: 'an SQLite file without its table',
    code: 'SCHEMA_DAMAGED',
    make: () => inSqlite('ALTER TABLE uniqueindex RENAME TO lost', 'ALTER TABLE lost RENAME TO uniqueindex'),
  },
  {
    name: 'an SQLite file of a newer schema version',
    code: 'SCHEMA_TOO_NEW',
    make: () =>
      inSqlite(
        `UPDATE uniqueindexsystem SET value = 9 WHERE part = 'major'`,
        `UPDATE uniqueindexsystem SET value = 1 WHERE part = 'major'`,
      ),
  },
];

/** Longer than `/health` repeats one result: whatever answers later is a new check. */
const RESULT_TTL_MS = 1000;

/** Expects one status until `/health` has answered from a new check. */
async function expectSteady(url: string, status: number): Promise<void> {
  const start = performance.now();
  let askedAt: number;
  do {
    askedAt = performance.now();
    const health = await ask(url, '/health');
    expect(health.status, health.body).toBe(status);
    await sleep(50);
  } while (askedAt < start + 1.1 * RESULT_TTL_MS);
}

/** Starts clients that send requests as fast as these are answered; the test ends them. */
function load({url}: RunningServer, mode: string): {stop: () => Promise<void>} {
  let isRunning = true;
  const agent = keepAlive(4);
  const client = async (): Promise<void> => {
    while (isRunning) {
      const {status} = await ask(url, `/getid?range=1&mode=${mode}`, {agent});
      if (status !== 200) await sleep(20);
    }
  };
  const clients = Promise.all(Array.from({length: 4}, client));
  const stop = async (): Promise<void> => {
    isRunning = false;
    await clients;
    agent.destroy();
  };
  onTestFinished(stop);
  return {stop};
}

describe.each(illnesses)('/health with $name', ({need, make, code, setting}) => {
  const {it} = need === undefined ? needs() : needs(need);

  it('is 503 until commits succeed again, on an idle server', async () => {
    const {env, cwd, hurt, mend} = await make();
    const {url} = await startServer(['--sync'], {cwd, env});
    expect((await ask(url, '/getid?range=10&mode=file')).status).toBe(200);
    expect((await ask(url, '/health')).status).toBe(200);
    await hurt();
    const {body} = await untilHealthIs(url, 503);
    expect(body).toContain(code);
    await expectSteady(url, 503);
    if (setting !== undefined) {
      const {stdout} = await cli(['status', '--json'], {cwd, env});
      const {database} = JSON.parse(stdout) as {database: {warnings: string[]}};
      expect(database.warnings.join('\n')).toContain(setting);
    }
    await mend();
    await untilHealthIs(url, 200);
    await expectSteady(url, 200);
    const answer = await ask(url, '/getid?range=1&mode=file');
    expect(answer).toMatchObject({status: 200, body: '{"endIndex": 10, "startIndex": 10}'});
  });

  it('is 503 until commits succeed again, under load', async () => {
    const {env, cwd, hurt, mend} = await make();
    // The default: it leaves long pauses without a failed request.
    const server = await startServer(['--sync'], {cwd, env: {...env, UNIQUEID_REQUEST_TIMEOUT: '10'}});
    const {stop} = load(server, 'file');
    await untilHealthIs(server.url, 200);
    await hurt();
    await untilHealthIs(server.url, 503);
    await expectSteady(server.url, 503);
    await mend();
    await untilHealthIs(server.url, 200);
    await expectSteady(server.url, 200);
    await stop();
  });
});

needs('mounts').it('/health with an SQLite file on a full disk is 503 until there is space', async () => {
  const cwd = makeWorkspace();
  const disk = mountSmallDisk(join(cwd, 'disk'), 4);
  onTestFinished(() => {
    disk.unmount();
  });
  const env = {PEEWEE_URL: `sqliteext:///${disk.path}/db.sqlite3`, UNIQUEID_REQUEST_TIMEOUT: '2'};
  // A closed store leaves no WAL: its space would otherwise take small commits for ever.
  expect((await cli(['dbsync'], {cwd, env})).status).toBe(0);
  const server = await startServer([], {cwd, env});
  disk.fill();
  expect((await untilHealthIs(server.url, 503)).body).toContain('DATABASE_FULL');
  expect((await ask(server.url, '/getid?range=1&mode=file')).status).toBe(503);
  await expectSteady(server.url, 503);
  const {stop} = load(server, 'file');
  await expectSteady(server.url, 503);
  await stop();
  disk.free();
  await untilHealthIs(server.url, 200);
  expect((await ask(server.url, '/getid?range=1&mode=file')).status).toBe(200);
});

needs('postgresql').it(
  '/health of an idle server whose connections all died silently opens new ones',
  async () => {
    const server = started(postgres);
    const proxy = await startProxy(server.port);
    const env = {PEEWEE_URL: `${server.url.replace(`:${server.port}`, `:${proxy.port}`)}/postgres`};
    const {url} = await startServer(['--sync'], {cwd: makeWorkspace(), env});
    // Concurrently, so that each takes its own connection.
    await Promise.all(Array.from({length: 8}, () => ask(url, '/status')));
    proxy.hold();
    await sleep(1000);
    await untilHealthIs(url, 200);
  },
);

needs('postgresql').it('/health leaves at most two sessions that wait for a standby', async () => {
  const server = started(postgres);
  const {env, cwd, hurt, mend} = await onPostgres(
    setPostgres(`SET synchronous_standby_names = 'missing'`),
    setPostgres('RESET synchronous_standby_names'),
  );
  const {url} = await startServer(['--sync'], {cwd, env});
  await hurt();
  await untilHealthIs(url, 503);
  await expectSteady(url, 503);
  await expectSteady(url, 503);
  const waiting = await onServer(server, `SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'`);
  expect(waiting.length).toBeLessThanOrEqual(2);
  await mend();
  await untilHealthIs(url, 200);
});

needs('postgresql').it(
  '/health is 503 while requests wait for a row, although other rows are free',
  async () => {
    const database = await makePostgresDatabase();
    const {url} = await startServer(['--sync'], {cwd: makeWorkspace(), env: {PEEWEE_URL: database.url}});
    await ask(url, '/getid?range=1&mode=file');
    await database.execute('BEGIN');
    await database.execute(`UPDATE uniqueindex SET "index" = "index" WHERE "id" = 'file'`);
    await untilHealthIs(url, 200);
    const waiting = ask(url, '/getid?range=1&mode=file');
    await untilHealthIs(url, 503);
    await database.execute('COMMIT');
    await untilHealthIs(url, 200);
    expect(rangeOf(await waiting).start).toBe(1n);
  },
);

it('/health names the database and its problem only to clients with a token', async () => {
  const cwd = makeWorkspace();
  const token = 'a-token-of-the-tests';
  writeFileSync(join(cwd, 'tokens.ini'), `[watcher]\ntoken = ${token}\n`, {mode: 0o600});
  const env = {UNIQUEID_TOKENS_FILE: join(cwd, 'tokens.ini')};
  const {url} = await startServer(['--sync'], {cwd, env});
  const withToken = {headers: {authorization: `Bearer ${token}`}};
  const stranger = {headers: {authorization: 'Bearer a-token-of-nobody'}};
  for (const options of [{}, stranger])
    expect(await ask(url, '/health', options)).toMatchObject({status: 200, body: '{"status": "ok"}'});
  expect(await ask(url, '/health', withToken)).toMatchObject({
    status: 200,
    body: `{"status": "ok", "database": "${join(cwd, 'db.sqlite3')}"}`,
  });
  await makeSqliteDatabase(join(cwd, 'db.sqlite3')).execute('ALTER TABLE uniqueindex RENAME TO lost');
  await untilHealthIs(url, 503);
  for (const options of [{}, stranger]) {
    const {status, body} = await ask(url, '/health', options);
    expect(status).toBe(503);
    expect(Object.keys(JSON.parse(body) as object)).toEqual(['status', 'message', 'traceback', 'version']);
    expect(body).toContain('SCHEMA_DAMAGED');
    expect(body).not.toContain('db.sqlite3');
  }
  expect((await ask(url, '/health', withToken)).body).toContain('db.sqlite3');
});

it('/health with a quarantined mode checks the database once for concurrent clients', async () => {
  const cwd = makeWorkspace();
  const {url} = await startServer(['--sync'], {cwd, env: {UNIQUEID_ON_REGRESSION: 'stop'}});
  await ask(url, '/getid?range=50&mode=file');
  const database = makeSqliteDatabase(join(cwd, 'db.sqlite3'));
  await database.execute('UPDATE uniqueindex SET "index" = 10');
  await ask(url, '/getid?range=1&mode=file');
  // Each check commits this update, which adds a row.
  await database.execute('CREATE TABLE checks (at TEXT)');
  await database.execute(
    `CREATE TRIGGER note AFTER UPDATE ON uniqueindexsystem BEGIN INSERT INTO checks VALUES (datetime()); END`,
  );
  const start = performance.now();
  for (let turn = 0; turn < 50; turn++) {
    const answers = await Promise.all(Array.from({length: 4}, () => ask(url, '/health')));
    for (const {status} of answers) expect(status).toBe(503);
  }
  const [[count] = []] = await database.query('SELECT count(*) FROM checks');
  expect(Number(count)).toBeLessThanOrEqual(2 + (performance.now() - start) / 1000);
});
