import {setTimeout as sleep} from 'node:timers/promises';
import {afterAll, beforeAll, describe, expect, it, onTestFinished} from 'vitest';
import {Allocator} from '../../src/lib/allocation/allocator.js';
import {migrate} from '../../src/lib/store/schema/migrate.js';
import type {Store} from '../../src/lib/store/store.js';
import {retryTransient} from '../../src/lib/util/retry.js';
import {makeMysqlDatabase} from '../helpers/databases/mysql-database.js';
import {needs} from '../helpers/run/needs.js';
import {openForTest, type NetworkTestDatabase} from '../helpers/databases/network-database.js';
import {startPgBouncer} from '../helpers/databases/pgbouncer.js';
import {makePostgresDatabase} from '../helpers/databases/postgres-database.js';
import {onServer} from '../helpers/databases/postgres-standby.js';
import {startPostgres, type PrivateServer} from '../helpers/databases/private-server.js';
import {startProxy} from '../helpers/network/tcp-proxy.js';
import {claim, granted} from '../helpers/databases/claims.js';

/** Time limit of a statement, in milliseconds; far more than it takes with an unlocked table. */
const ANSWER_TIMEOUT_MS = 500;

/**
 * Statements that fail, over all stores; more than the bound below, because each leak would add a session.
 */
const FAILURES = 16;

/** Two stores, to halve the time: their statements fail in parallel. */
const STORES = 2;

/** The sessions that the stores need, and those that the server has not ended yet. */
const MAX_SESSIONS = 8;

/** Creates the tables, and leaves no session. */
async function createTables({open}: NetworkTestDatabase): Promise<void> {
  const store = await open();
  await migrate(store);
  await store.close();
}

/** Opens stores with a short time limit. */
async function openImpatient(url: string): Promise<readonly Store[]> {
  const stores: Store[] = [];
  while (stores.length < STORES) stores.push(await openForTest(url, {answerTimeoutMs: ANSWER_TIMEOUT_MS}));
  return stores;
}

/** Runs statements that fail, and returns the highest number of sessions during that time. */
async function countWhileFailing(stores: readonly Store[], count: () => Promise<number>): Promise<number> {
  const failing = Promise.all(
    stores.map(async (store) => {
      for (let failure = 0; failure < FAILURES / STORES; failure++)
        await expect(store.advance([claim('file', 10n)], 0n)).rejects.toMatchObject({transient: true});
      return true;
    }),
  );
  let most = 0;
  while ((await Promise.race([failing, sleep(20)])) === undefined) most = Math.max(most, await count());
  return Math.max(most, await count());
}

/** Takes a range as soon as the store can. Its start is above 0 if an unanswered statement was committed. */
async function takeAtLast(store: Store | undefined): Promise<bigint> {
  if (store === undefined) throw new Error('no store is open');
  const [taken] = await retryTransient(() => store.advance([claim('file', 10n)], 0n), {timeoutMs: 50_000});
  if (taken?.kind !== 'granted') throw new Error(`the claim was ${taken?.kind}`);
  return taken.next - 10n;
}

/** Counts the sockets of this process, those of its proxies included. */
function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
}

needs('postgresql').describe('PostgreSQL', () => {
  const sessions = `FROM pg_stat_activity WHERE application_name = 'uniqueid'`;

  it.each([
    {behind: 'a server', pooler: false},
    {behind: 'PgBouncer', pooler: true},
  ])('a locked table behind $behind leaves no abandoned sessions', async ({pooler}) => {
    const database = await makePostgresDatabase();
    const through = pooler ? await startPgBouncer(database.url) : database.url;
    await createTables(database);
    const stores = await openImpatient(through);
    await database.execute('BEGIN');
    await database.execute('LOCK TABLE uniqueindex');
    const most = await countWhileFailing(stores, async () => {
      await database.execute('SELECT pg_stat_clear_snapshot()');
      return Number(
        (await database.query(`SELECT count(*) ${sessions} AND datname = current_database()`))[0],
      );
    });
    expect(most).toBeLessThanOrEqual(MAX_SESSIONS);
    await database.execute('COMMIT');
    const start = await takeAtLast(stores[0]);
    expect(await takeAtLast(stores[1])).toBe(start + 10n);
  });

  describe('with synchronous standbys', () => {
    let server: PrivateServer;
    beforeAll(async () => {
      server = await startPostgres();
    });
    afterAll(() => server.remove());

    /**
     * Sets the standbys without which the server confirms no commit; a later session has the value from its
     * start.
     */
    async function setStandbys(names: string): Promise<void> {
      await onServer(
        server,
        `ALTER SYSTEM SET synchronous_standby_names = '${names}'`,
        'SELECT pg_reload_conf()',
      );
      while ((await onServer(server, 'SHOW synchronous_standby_names'))[0]?.[0] !== names) await sleep(20);
    }

    it('a missing standby leaves no abandoned sessions', async () => {
      const database = await makePostgresDatabase(server.url);
      await createTables(database);
      const {url} = database;
      const stores = await openImpatient(url);
      await setStandbys('missing');
      onTestFinished(() => setStandbys(''));
      const name = new URL(url).pathname.slice(1);
      const most = await countWhileFailing(stores, async () =>
        Number((await onServer(server, `SELECT count(*) ${sessions} AND datname = '${name}'`))[0]?.[0]),
      );
      expect(most).toBeLessThanOrEqual(MAX_SESSIONS);
      await setStandbys('');
      const start = await takeAtLast(stores[0]);
      expect(await takeAtLast(stores[1])).toBe(start + 10n);
      // The first range was committed without a standby, so it was not answered.
      expect(start).toBeGreaterThanOrEqual(10n);
    });

    it('an unconfirmed commit is not read as issued', async () => {
      const database = await makePostgresDatabase(server.url);
      await createTables(database);
      const [writer, reader] = await openImpatient(database.url);
      await setStandbys('missing');
      onTestFinished(() => setStandbys(''));
      // The store cancels the statement at its time limit, so that PostgreSQL shows its row to others.
      await expect(writer?.advance([claim('file', 10n)], 0n)).rejects.toMatchObject({transient: true});
      await expect
        .poll(() => database.query('SELECT "index" FROM uniqueindex'), {timeout: 10_000})
        .toEqual([['10']]);
      await expect(reader?.readCounters(['file'])).rejects.toMatchObject({code: 'DATABASE_UNAVAILABLE'});
      await setStandbys('');
      expect(await reader?.readCounters(['file'])).toEqual([{mode: 'file', next: 10n}]);
    });

    it.each(['role', 'database'])(
      'an unconfirmed commit is not answered, although the %s suppresses the warning',
      async (whose) => {
        const {url, open} = await makePostgresDatabase(server.url);
        const altered = whose === 'role' ? 'ROLE tester' : `DATABASE ${new URL(url).pathname.slice(1)}`;
        await onServer(server, `ALTER ${altered} SET client_min_messages = error`);
        if (whose === 'role')
          onTestFinished(async () => {
            await onServer(server, `ALTER ${altered} RESET client_min_messages`);
          });
        const store = await open();
        await migrate(store);
        await store.advance([claim('file', 10n)], 0n);
        await setStandbys('missing');
        onTestFinished(() => setStandbys(''));
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
});

needs('mariadb').describe('MariaDB', () => {
  it('a locked table leaves no abandoned sessions', async () => {
    const database = await makeMysqlDatabase();
    await createTables(database);
    const stores = await openImpatient(database.url);
    const patient = await database.open({answerTimeoutMs: 30_000});
    const sessions = async (): Promise<number> => {
      const [[count]] = (await database.query(
        `SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE()`,
      )) as [string[]];
      // Without the session of this query.
      return Number(count) - 1;
    };
    await database.execute('LOCK TABLES uniqueindex WRITE');
    const busy = expect(patient.advance([claim('file', 10n)], 0n)).rejects.toMatchObject({
      code: 'DATABASE_BUSY',
    });
    await countWhileFailing(stores, sessions);
    await busy;
    for (const store of [patient, ...stores]) await store.close();
    // The server ends the abandoned sessions although the table is still locked.
    while ((await sessions()) > 0) await sleep(50);
    await database.execute('UNLOCK TABLES');
    const again = await database.open();
    expect(await again.counter('file')).toBeUndefined();
  });

  it('connections that became silent are closed together', async () => {
    const database = await makeMysqlDatabase();
    await migrate(await database.open());
    const {port} = new URL(database.url);
    const proxy = await startProxy(Number(port));
    const url = database.url.replace(`:${port}/`, `:${proxy.port}/`);
    const store = await openForTest(url, {answerTimeoutMs: 1000});
    await Promise.all(Array.from({length: 12}, () => store.countModes(1)));
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
    proxy.hold();
    expect(await allocator.allocate('file', 10n)).toEqual({start: 0n, end: 9n});
    expect(failures).toBe(1);
  });
});

describe.each([
  {name: 'PostgreSQL', need: 'postgresql', make: makePostgresDatabase},
  {name: 'MariaDB', need: 'mariadb', make: makeMysqlDatabase},
] as const)('$name', ({need, make}) => {
  needs(need).it('a store with silent connections can be closed', async () => {
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
    // Only the two sockets of the proxy remain of each connection.
    while (openSockets() > before + 2 * connections) await sleep(10);
  });

  needs(need).it('a transaction whose client is silent releases its counters', async () => {
    const database = await make();
    const store = await database.open();
    await migrate(store);
    await store.advance([claim('file', 1n)], 0n);
    const {port} = new URL(database.url);
    let isLocking = false;
    const proxy = await startProxy(Number(port), (sent) => {
      // PostgreSQL prepares a statement before it runs it. The server still gets these bytes.
      if (isLocking) setImmediate(proxy.hold);
      isLocking ||= sent.includes('FOR UPDATE');
      return sent;
    });
    const url = database.url.replace(`:${port}/`, `:${proxy.port}/`);
    // It does not give up either: it would cancel its transaction over a new connection.
    const silent = await openForTest(url, {answerTimeoutMs: 60_000});
    const raise = silent.advanceRaised([claim('file', 1n)], 0n, 0).catch(() => undefined);
    await sleep(500);
    const [taken] = await retryTransient(() => store.advance([claim('file', 1n)], 0n), {timeoutMs: 9000});
    expect(taken).toEqual(granted(2n));
    proxy.cut();
    await raise;
  });
});
