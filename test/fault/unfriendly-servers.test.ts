import {randomUUID} from 'node:crypto';
import {setTimeout as sleep} from 'node:timers/promises';
import {describe, expect, inject, it, onTestFinished, vi} from 'vitest';
import {Allocator} from '../../src/lib/allocation/allocator.js';
import {MarkWatch} from '../../src/lib/allocation/guard/mark-watch.js';
import {migrate} from '../../src/lib/store/schema/migrate.js';
import type {Store} from '../../src/lib/store/store.js';
import {retryTransient} from '../../src/lib/util/retry.js';
import {makeMysqlDatabase} from '../helpers/databases/mysql-database.js';
import {needs} from '../helpers/run/needs.js';
import {openForTest, type NetworkTestDatabase} from '../helpers/databases/network-database.js';
import {makePostgresDatabase} from '../helpers/databases/postgres-database.js';
import {flaws} from '../helpers/ranges.js';
import {startProxy} from '../helpers/network/tcp-proxy.js';
import {claim, granted} from '../helpers/databases/claims.js';

const options = {firstIndex: 0n, requestTimeoutMs: 10_000, maxQueue: 1000};

/** How each kind of server restricts one user. */
interface Kind {
  readonly name: string;
  readonly server: string;
  readonly make: () => Promise<NetworkTestDatabase>;
  readonly createUser: (name: string, database: string) => readonly string[];
  readonly dropUser: (name: string) => readonly string[];
  /** Revokes the rights beyond the counters, then also the right to write the counters. */
  readonly onlyCounters: (name: string, database: string) => readonly string[];
  readonly onlyReading: (name: string, database: string) => readonly string[];
  readonly setPassword: (name: string, password: string) => string;
  readonly oneConnection: (name: string) => string;
  /** The identifiers of a user's sessions, and how one of them is ended. */
  readonly sessions: (name: string) => string;
  readonly end: (session: string) => string;
  /** Makes the first three allocations fail with this error. */
  readonly fail: (error: string) => readonly string[];
  /** The same by a change of our statements on their way, if no statement of the server can do it. */
  readonly change?: (error: string) => (sent: Buffer) => Buffer;
  /** Errors of lost races, and of statements that the server, a cluster or an administrator ended. */
  readonly passing: readonly string[];
}

const kinds: readonly Kind[] = [
  {
    name: 'PostgreSQL',
    server: inject('postgresUrl'),
    make: makePostgresDatabase,
    createUser: (name) => [
      `CREATE ROLE ${name} LOGIN PASSWORD 'first'`,
      `GRANT SELECT, INSERT, UPDATE ON uniqueindex, uniqueindexsystem TO ${name}`,
    ],
    dropUser: (name) => [`DROP OWNED BY ${name}`, `DROP ROLE ${name}`],
    onlyCounters: (name) => [`REVOKE INSERT, UPDATE ON uniqueindexsystem FROM ${name}`],
    onlyReading: (name) => [`REVOKE INSERT, UPDATE ON uniqueindex FROM ${name}`],
    setPassword: (name, password) => `ALTER ROLE ${name} PASSWORD '${password}'`,
    oneConnection: (name) => `ALTER ROLE ${name} CONNECTION LIMIT 1`,
    sessions: (name) => `SELECT pid FROM pg_stat_activity WHERE usename = '${name}'`,
    end: (session) => `SELECT pg_terminate_backend(${session})`,
    fail: (error) => [
      'CREATE SEQUENCE tries',
      `CREATE FUNCTION lose() RETURNS integer LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
         IF nextval('tries') <= 3 THEN RAISE EXCEPTION 'lost' USING ERRCODE = '${error}'; END IF;
         RETURN 0; END $$`,
      'ALTER TABLE uniqueindex ADD COLUMN note integer',
      'ALTER TABLE uniqueindex ALTER COLUMN note SET DEFAULT lose()',
    ],
    passing: ['40001', '40003', '40P01', '55P03', '57014', '57P01', '57P05', '25P03', '25P04', '53300'],
  },
  {
    name: 'MariaDB',
    server: inject('mysqlUrl'),
    make: makeMysqlDatabase,
    createUser: (name, database) => [
      `CREATE USER ${name}@'%' IDENTIFIED BY 'first'`,
      `GRANT SELECT, INSERT, UPDATE ON ${database}.* TO ${name}@'%'`,
    ],
    dropUser: (name) => [`DROP USER ${name}@'%'`],
    onlyCounters: (name, database) => [
      `REVOKE ALL ON ${database}.* FROM ${name}@'%'`,
      `GRANT SELECT ON ${database}.uniqueindexsystem TO ${name}@'%'`,
      `GRANT SELECT, INSERT, UPDATE ON ${database}.uniqueindex TO ${name}@'%'`,
    ],
    onlyReading: (name, database) => [`REVOKE INSERT, UPDATE ON ${database}.uniqueindex FROM ${name}@'%'`],
    setPassword: (name, password) => `ALTER USER ${name}@'%' IDENTIFIED BY '${password}'`,
    oneConnection: (name) => `ALTER USER ${name}@'%' WITH MAX_USER_CONNECTIONS 1`,
    sessions: (name) => `SELECT id FROM information_schema.processlist WHERE user = '${name}'`,
    end: (session) => `KILL ${session}`,
    fail: () => [],
    // A table with a trigger is not served, so a failing statement of the same length replaces ours.
    change: (error) => {
      let tries = 0;
      const insert = 'START TRANSACTION; INSERT INTO uniqueindex (id, `index`) VALUES (';
      const failing = `START TRANSACTION;SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO=${error};`;
      return (sent) => {
        const text = sent.toString('latin1');
        if (!text.includes(insert) || ++tries > 3) return sent;
        return Buffer.from(text.replace(insert, failing.padEnd(insert.length)), 'latin1');
      };
    },
    passing: ['1020', '1040', '1047', '1180', '1205', '1213', '1317', '1969', '3024', '3101', '4031', '9007'],
  },
];

describe.each(kinds.filter(({server}) => server !== ''))('$name', (kind) => {
  interface Setup {
    readonly database: NetworkTestDatabase;
    readonly user: string;
    /** Connects as that user. */
    readonly open: (port?: number) => Promise<Store>;
  }

  async function setUp(): Promise<Setup> {
    const database = await kind.make();
    await migrate(await database.open());
    const user = `u${randomUUID().replaceAll('-', '').slice(0, 20)}`;
    const url = new URL(database.url);
    for (const statement of kind.createUser(user, url.pathname.slice(1))) await database.execute(statement);
    onTestFinished(async () => {
      for (const statement of kind.dropUser(user)) await database.execute(statement);
    });
    return {
      database,
      user,
      open: (port = Number(url.port)) =>
        openForTest(`${url.protocol}//${user}:first@${url.hostname}:${port}${url.pathname}`),
    };
  }

  async function endSessions({database, user}: Setup): Promise<void> {
    const sessions = await database.query(kind.sessions(user));
    expect(sessions.length).toBeGreaterThan(0);
    for (const [session = ''] of sessions) await database.execute(kind.end(session));
  }

  it.each(kind.passing)('error %s is retried, and leaves no gap', async (error) => {
    const {database, open} = await setUp();
    for (const statement of kind.fail(error)) await database.execute(statement);
    const change = kind.change?.(error);
    const port = change && (await startProxy(Number(new URL(database.url).port), change)).port;
    const allocator = new Allocator(await open(port), options);
    const given = await Promise.all(Array.from({length: 20}, () => allocator.allocate('file', 5n)));
    expect(flaws(given)).toEqual({overlaps: [], gaps: [], next: 100n});
  });

  it('a limit of one connection causes no failure and no gap, also during other reads', async () => {
    const {database, user, open} = await setUp();
    await database.execute(kind.oneConnection(user));
    const store = await open();
    const allocator = new Allocator(store, options);
    const looks: Promise<unknown>[] = [];
    const given = [];
    for (let turn = 0; turn < 40; turn++) {
      looks.push(...[store.counters(), store.facts()].map((look) => look.catch((error: unknown) => error)));
      given.push(...(await Promise.all([1n, 2n, 3n].map((range) => allocator.allocate('file', range)))));
    }
    expect(flaws(given)).toEqual({overlaps: [], gaps: [], next: 240n});
    for (const look of await Promise.all(looks))
      if (look instanceof Error) expect(look).toMatchObject({code: 'DATABASE_BUSY', transient: true});
    await expect(open()).rejects.toMatchObject({code: 'DATABASE_BUSY', exitStatus: 4});
  });

  it('a probe fails only for a user without the right to write the counters', async () => {
    const {database, user, open} = await setUp();
    const name = new URL(database.url).pathname.slice(1);
    for (const statement of kind.onlyCounters(user, name)) await database.execute(statement);
    // Opened with these rights, because MariaDB keeps the rights of a session.
    const store = await open();
    await store.probe();
    expect(await database.query(`SELECT value FROM uniqueindexsystem WHERE part = 'probe'`)).toEqual([]);
    expect(await store.advance([claim('file', 1n)], 0n)).toEqual([granted(1n)]);
    for (const statement of kind.onlyReading(user, name)) await database.execute(statement);
    await expect(store.probe()).rejects.toMatchObject({code: 'DATABASE_UNAVAILABLE', transient: false});
  });

  it('a user who may not write an identity tries to once, not each second', async () => {
    const {database, user, open} = await setUp();
    const name = new URL(database.url).pathname.slice(1);
    for (const statement of kind.onlyCounters(user, name)) await database.execute(statement);
    const store = await open();
    const tries = vi.spyOn(store, 'ensureIdentity');
    const looks = vi.spyOn(store, 'lineage');
    const watch = new MarkWatch(store, new Allocator(store, options).guard, 0n).start();
    onTestFinished(() => watch.stop());
    await vi.waitUntil(() => looks.mock.calls.length > 3, {timeout: 20_000});
    expect(tries.mock.calls.length).toBe(1);
    await expect(tries.mock.results[0]?.value).rejects.toBeInstanceOf(Error);
  });

  it('more simultaneous reads than connections all finish', async () => {
    const {open} = await setUp();
    const store = await open();
    const looks = await Promise.all(Array.from({length: 12}, () => store.facts()));
    expect(looks).toHaveLength(12);
  });

  it('sessions that the server ends between two requests are opened again', async () => {
    const setup = await setUp();
    const allocator = new Allocator(await setup.open(), options);
    const given = [];
    for (let turn = 0; turn < 5; turn++) {
      given.push(await allocator.allocate('file', 5n));
      await endSessions(setup);
      await sleep(turn * 5);
    }
    expect(flaws(given)).toEqual({overlaps: [], gaps: [], next: 25n});
  });

  it.each(['the server', 'the network'])(
    'a session that %s ends during a transaction fails that transaction alone',
    async (who) => {
      const crashes: unknown[] = [];
      const noteCrash = (error: unknown): unknown => crashes.push(error);
      process.on('uncaughtException', noteCrash);
      onTestFinished(() => void process.off('uncaughtException', noteCrash));
      const setup = await setUp();
      const {database, open} = setup;
      let isLocking = (): void => undefined;
      const locking = new Promise<void>((resolve) => (isLocking = resolve));
      const proxy = await startProxy(Number(new URL(database.url).port), (sent) => {
        if (sent.includes('FOR UPDATE')) isLocking();
        return sent;
      });
      const store = await open(proxy.port);
      await store.advance([claim('file', 10n)], 0n);
      await database.execute('BEGIN');
      await database.query('SELECT * FROM uniqueindex FOR UPDATE');
      const move = store.moveCounters([{mode: 'file', from: 10n, to: 20n}]);
      const failed = expect(move).rejects.toMatchObject({transient: true});
      await locking;
      await sleep(100);
      if (who === 'the server') await endSessions(setup);
      else proxy.cut();
      await failed;
      await database.execute('ROLLBACK');
      const [taken] = await retryTransient(() => store.advance([claim('file', 10n)], 0n), {timeoutMs: 9000});
      expect(taken).toEqual(granted(20n));
      expect(crashes).toEqual([]);
    },
  );

  it('a changed password is an error with the user, and service resumes with the old password', async () => {
    const setup = await setUp();
    const {database, user} = setup;
    const allocator = new Allocator(await setup.open(), options);
    await allocator.allocate('file', 1n);
    await database.execute(kind.setPassword(user, 'second'));
    await endSessions(setup);
    await expect(allocator.allocate('file', 1n)).rejects.toMatchObject({
      code: 'DATABASE_UNAVAILABLE',
      message: expect.stringContaining(`"${user}"`) as string,
      hint: expect.stringContaining('PEEWEE_URL') as string,
    });
    await database.execute(kind.setPassword(user, 'first'));
    expect(await allocator.allocate('file', 1n)).toEqual({start: 1n, end: 1n});
  });
});

needs('postgresql').describe('PostgreSQL', () => {
  it('may use the isolation level serializable', async () => {
    const database = await makePostgresDatabase();
    const name = new URL(database.url).pathname.slice(1);
    await database.execute(`ALTER DATABASE ${name} SET default_transaction_isolation = 'serializable'`);
    const stores = [await database.open(), await database.open(), await database.open()];
    for (const store of stores) await migrate(store);
    const allocators = stores.map((store) => new Allocator(store, options));
    const given = await Promise.all(
      Array.from({length: 150}, async (_, index) => {
        await sleep(index % 15);
        return allocators[index % 3]?.allocate('file', 5n) ?? {start: 0n, end: 0n};
      }),
    );
    expect(flaws(given)).toEqual({overlaps: [], gaps: [], next: 750n});
  });

  it('may alter the table under an open connection, which invalidates prepared statements', async () => {
    const database = await makePostgresDatabase();
    const store = await database.open();
    await migrate(store);
    const [one, two] = [[claim('file', 5n)], [claim('file', 5n), claim('other', 5n)]];
    await store.advance(two, 0n);
    expect(await store.advance(one, 0n)).toEqual([granted(10n)]);
    await database.execute('ALTER TABLE uniqueindex ALTER COLUMN "id" TYPE text');
    expect(await store.advance(one, 0n)).toEqual([granted(15n)]);
    expect(await store.advance(two, 0n)).toEqual([granted(20n), granted(10n)]);
    expect(await store.counter('file')).toEqual({mode: 'file', next: 20n});
  });
});

needs('mariadb').describe('MariaDB', () => {
  it('may lock an account or let its password expire, which is a permanent error', async () => {
    const database = await makeMysqlDatabase();
    await migrate(await database.open());
    const url = new URL(database.url);
    const user = `u${randomUUID().replaceAll('-', '').slice(0, 20)}`;
    await database.execute(`CREATE USER ${user}@'%' IDENTIFIED BY 'first' ACCOUNT LOCK`);
    onTestFinished(() => database.execute(`DROP USER ${user}@'%'`));
    await database.execute(`GRANT SELECT ON ${url.pathname.slice(1)}.* TO ${user}@'%'`);
    const open = (): Promise<Store> => openForTest(`mysql://${user}:first@${url.host}${url.pathname}`);
    const rejected = {
      code: 'DATABASE_UNAVAILABLE',
      transient: false,
      message: expect.stringContaining(`"${user}"`) as string,
      hint: expect.stringContaining('PEEWEE_URL') as string,
    };
    await expect(open()).rejects.toMatchObject(rejected);
    await database.execute(`ALTER USER ${user}@'%' ACCOUNT UNLOCK PASSWORD EXPIRE`);
    await expect(open()).rejects.toMatchObject(rejected);
  });
});
