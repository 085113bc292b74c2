import {setTimeout as sleep} from 'node:timers/promises';
import {describe, expect, it, onTestFinished} from 'vitest';
import {Allocator} from '../../src/lib/allocation/allocator.js';
import {migrate} from '../../src/lib/store/schema/migrate.js';
import type {Store} from '../../src/lib/store/store.js';
import {makeMysqlDatabase} from '../helpers/databases/mysql-database.js';
import {needs} from '../helpers/run/needs.js';
import {openForTest} from '../helpers/databases/network-database.js';
import {startPgBouncer} from '../helpers/databases/pgbouncer.js';
import {makePostgresDatabase} from '../helpers/databases/postgres-database.js';
import {onServer} from '../helpers/databases/postgres-standby.js';
import {startPostgres} from '../helpers/databases/private-server.js';
import {startProxy} from '../helpers/network/tcp-proxy.js';
import {claim} from '../helpers/databases/claims.js';

/** After so long a statement is given up; the least that finds a table free again on a slow machine. */
const ANSWER_TIMEOUT_MS = 200;

/** More than any pool holds: each abandoned session would be one more. */
const FAILURES = 20;

/** A pool of four, and what the server has not ended yet. */
const MOST_SESSIONS = 10;

interface Failing {
  readonly allocator: Allocator;
  readonly failures: () => number;
  readonly taken: Promise<unknown>;
}

/** Asks for integers that cannot be had now. */
function startFailing(store: Store): Failing {
  let failures = 0;
  const allocator = new Allocator(store, {
    firstIndex: 0n,
    requestTimeoutMs: 300_000,
    maxQueue: 10,
    observer: {
      group: () => undefined,
      granted: () => undefined,
      waited: () => undefined,
      failed: () => failures++,
    },
  });
  return {allocator, failures: () => failures, taken: allocator.allocate('file', 10n)};
}

/** Counts sessions until enough statements were given up. Returns the highest count. */
async function countWhileFailing({failures}: Failing, count: () => Promise<number>): Promise<number> {
  let most = 0;
  while (failures() < FAILURES) {
    most = Math.max(most, await count());
    await sleep(20);
  }
  return Math.max(most, await count());
}

/** Counts the sockets of this process, those of its proxies included. */
function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
}

needs('postgresql').describe('PostgreSQL', () => {
  const named = `FROM pg_stat_activity WHERE application_name = 'uniqueid'`;

  it.each([
    {behind: 'a server', pooler: false},
    {behind: 'PgBouncer', pooler: true},
  ])('a locked table behind $behind leaves no abandoned sessions', async ({pooler}) => {
    const database = await makePostgresDatabase();
    const through = pooler ? await startPgBouncer(database.url) : database.url;
    const store = await openForTest(through, {answerTimeoutMs: ANSWER_TIMEOUT_MS});
    await migrate(store);
    await database.execute('BEGIN');
    await database.execute('LOCK TABLE uniqueindex');
    const failing = startFailing(store);
    const most = await countWhileFailing(failing, async () => {
      await database.execute('SELECT pg_stat_clear_snapshot()');
      return Number((await database.query(`SELECT count(*) ${named} AND datname = current_database()`))[0]);
    });
    expect(most).toBeLessThanOrEqual(MOST_SESSIONS);
    await database.execute('COMMIT');
    expect(await failing.taken).toEqual({start: 0n, end: 9n});
  });

  it('a standby that is missing leaves no abandoned sessions', async () => {
    const server = await startPostgres();
    onTestFinished(() => server.remove());
    const store = await openForTest(`${server.url}/postgres`, {answerTimeoutMs: ANSWER_TIMEOUT_MS});
    await migrate(store);
    const setStandbys = (names: string): Promise<unknown> =>
      onServer(
        server,
        `ALTER SYSTEM SET synchronous_standby_names = '${names}'`,
        'SELECT pg_reload_conf()',
        // A later session has the new value from its start.
      );
    await setStandbys('nobody');
    while ((await onServer(server, 'SHOW synchronous_standby_names'))[0]?.[0] !== 'nobody') await sleep(20);
    const failing = startFailing(store);
    const most = await countWhileFailing(failing, async () =>
      Number((await onServer(server, `SELECT count(*) ${named}`))[0]?.[0]),
    );
    expect(most).toBeLessThanOrEqual(MOST_SESSIONS);
    await setStandbys('');
    const first = (await failing.taken) as {start: bigint; end: bigint};
    const next = await failing.allocator.allocate('file', 10n);
    expect(next.start).toBe(first.end + 1n);
    // What was committed without a standby was answered to nobody.
    expect(first.start).toBeGreaterThanOrEqual(10n);
  });

  it.each(['ROLE tester', 'DATABASE postgres'])(
    'an unconfirmed commit is not answered, whatever messages %s wants',
    async (whose) => {
      const server = await startPostgres();
      onTestFinished(() => server.remove());
      await onServer(server, `ALTER ${whose} SET client_min_messages = error`);
      const store = await openForTest(`${server.url}/postgres`);
      await migrate(store);
      await store.advance([claim('file', 10n)], 0n);
      await onServer(
        server,
        `ALTER SYSTEM SET synchronous_standby_names = 'nobody'`,
        'SELECT pg_reload_conf()',
      );
      while ((await onServer(server, 'SHOW synchronous_standby_names'))[0]?.[0] !== 'nobody') await sleep(20);
      const cancel = `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'`;
      for (const change of [
        () => store.advance([claim('file', 10n)], 0n),
        () => store.advance([claim('file', 10n)], 2n ** 63n - 5n),
        () => store.advance([claim('file', 10n, 10n)], 0n),
        () => store.moveCounters([{mode: 'file', from: 40n, to: 100n}]),
        () => store.raiseCounters([{mode: 'file', next: 200n}], false),
      ]) {
        const outcome = change().then(
          () => 'answered',
          (error: unknown) => error,
        );
        while ((await Promise.race([outcome, sleep(20)])) === undefined) await onServer(server, cancel);
        const {code} = (await outcome) as {code?: unknown};
        expect({change: String(change), code}).toEqual({
          change: String(change),
          code: 'DATABASE_UNAVAILABLE',
        });
      }
    },
  );
});

needs('mariadb').describe('MariaDB', () => {
  it('a locked table leaves no abandoned sessions', async () => {
    const database = await makeMysqlDatabase();
    const store = await database.open({answerTimeoutMs: ANSWER_TIMEOUT_MS});
    await migrate(store);
    const sessions = async (): Promise<number> => {
      const [[count]] = (await database.query(
        `SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE()`,
      )) as [string[]];
      // One of them is this.
      return Number(count) - 1;
    };
    await database.execute('LOCK TABLES uniqueindex WRITE');
    const failing = startFailing(store);
    while (failing.failures() < FAILURES) await sleep(20);
    await store.close();
    const patient = await database.open({answerTimeoutMs: 30_000});
    await expect(patient.advance([claim('file', 10n)], 0n)).rejects.toMatchObject({
      code: 'DATABASE_BUSY',
    });
    await patient.close();
    // While the table is still locked, the server ends them itself.
    while ((await sessions()) > 0) await sleep(50);
    await database.execute('UNLOCK TABLES');
    const again = await database.open();
    expect(await again.counter('file')).toBeUndefined();
  });

  it('connections that died silently are given up together', async () => {
    const database = await makeMysqlDatabase();
    await migrate(await database.open());
    const {port} = new URL(database.url);
    const proxy = await startProxy(Number(port));
    const url = database.url.replace(`:${port}/`, `:${proxy.port}/`);
    const store = await openForTest(url, {answerTimeoutMs: 1000});
    await Promise.all(Array.from({length: 12}, () => store.countModes(1)));
    proxy.hold();
    const failing = startFailing(store);
    expect(await failing.taken).toEqual({start: 0n, end: 9n});
    expect(failing.failures()).toBe(1);
  });
});

describe.each([
  {name: 'PostgreSQL', need: 'postgresql', make: makePostgresDatabase},
  {name: 'MariaDB', need: 'mariadb', make: makeMysqlDatabase},
] as const)('$name', ({need, make}) => {
  needs(need).it('a store closes although its connections died silently', async () => {
    const database = await make();
    await migrate(await database.open());
    const {port} = new URL(database.url);
    const proxy = await startProxy(Number(port));
    const before = openSockets();
    const store = await openForTest(database.url.replace(`:${port}/`, `:${proxy.port}/`));
    await Promise.all(Array.from({length: 12}, () => store.countModes(1)));
    const connections = (openSockets() - before) / 3;
    proxy.hold();
    const look = store.countModes(1).then(
      () => 'answered',
      () => 'failed',
    );
    await sleep(20);
    await store.close();
    expect(await look).toBe('failed');
    // Only the two ends of the proxy are left of each.
    while (openSockets() > before + 2 * connections) await sleep(10);
  });
});
