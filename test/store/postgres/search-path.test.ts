import {expect, it} from 'vitest';
import {Allocator} from '../../../src/lib/allocation/allocator.js';
import {migrate} from '../../../src/lib/store/schema/migrate.js';
import {readStatus} from '../../../src/lib/operations/database-status.js';
import type {Store} from '../../../src/lib/store/store.js';
import {cli, startServer} from '../../helpers/programs/cli.js';
import {ask} from '../../helpers/network/http.js';
import {needs} from '../../helpers/run/needs.js';
import {openForTest, type NetworkTestDatabase} from '../../helpers/databases/network-database.js';
import {startPgBouncer} from '../../helpers/databases/pgbouncer.js';
import {makePostgresDatabase} from '../../helpers/databases/postgres-database.js';
import {makeWorkspace} from '../../helpers/folders/workspace.js';

import {claim, granted} from '../../helpers/databases/claims.js';

/** Creates a servable database with the counter of `file` at 10. */
async function served(): Promise<{database: NetworkTestDatabase; store: Store}> {
  const database = await makePostgresDatabase();
  const store = await database.open();
  await migrate(store);
  await store.advance([claim('file', 10n)], 0n);
  return {database, store};
}

/** Creates a schema named like the user, which comes first in the user's search path. */
async function makeUserSchema(database: NetworkTestDatabase): Promise<string> {
  const [[user = ''] = []] = await database.query('SELECT current_user::text');
  await database.execute(`CREATE SCHEMA "${user}"`);
  return user;
}

const counters = 'uniqueindex ("id" varchar(255) NOT NULL PRIMARY KEY, "index" bigint NOT NULL)';
const system = 'uniqueindexsystem (part varchar(255) NOT NULL PRIMARY KEY, value integer NOT NULL)';

async function makeTables(database: NetworkTestDatabase, schema: string): Promise<void> {
  await database.execute(`CREATE TABLE "${schema}".${counters}`);
  await database.execute(`CREATE TABLE "${schema}".${system}`);
  await database.execute(`INSERT INTO "${schema}".uniqueindexsystem VALUES ('major', 1), ('minor', 0)`);
}

/** Sets the search path of new sessions. */
async function setPath(database: NetworkTestDatabase, path: string): Promise<void> {
  await database.execute(
    `ALTER DATABASE ${new URL(database.url).pathname.slice(1)} SET search_path = ${path}`,
  );
}

async function tablesIn(database: NetworkTestDatabase, schema: string): Promise<readonly unknown[]> {
  const sql = `SELECT relname FROM pg_class JOIN pg_namespace AS n ON n.oid = relnamespace
    WHERE nspname = '${schema}' AND relname LIKE 'uniqueindex%' AND relkind = 'r' ORDER BY 1`;
  return (await database.query(sql)).flat();
}

needs('postgresql').describe('the schema of the tables', () => {
  it('is reported, without a warning if there is one pair of tables', async () => {
    const {store} = await served();
    expect(await store.facts()).toMatchObject({schema: 'public', warnings: []});
  });

  it('is undefined before the tables exist', async () => {
    const store = await (await makePostgresDatabase()).open();
    expect((await store.facts()).schema).toBeUndefined();
  });

  it('is that of the user if it holds tables, with a warning about the hidden ones', async () => {
    const {database} = await served();
    const user = await makeUserSchema(database);
    await makeTables(database, user);
    const env = {PEEWEE_URL: database.url};
    const cwd = makeWorkspace();
    const {stdout, status} = await cli(['status', '--json'], {cwd, env});
    expect(status).toBe(0);
    const {database: reported} = JSON.parse(stdout) as {database: {schema: string; warnings: string[]}};
    expect(reported.schema).toBe(user);
    expect(reported.warnings).toEqual([expect.stringMatching(/"public"/)]);
    expect((await cli(['status'], {cwd, env})).stdout).toContain(`schema ${user}`);
    const server = await startServer([], {cwd, env});
    expect(JSON.parse((await ask(server.url, '/status')).body)).toMatchObject({database: reported});
    while (!server.stderr().includes('\\"public\\"')) await new Promise((resolve) => setTimeout(resolve, 20));
  });

  it.each(['uniqueindex', 'uniqueindexsystem'])(
    'must be the same for both tables: rejects %s alone in the first schema',
    async (name) => {
      const {database} = await served();
      const user = await makeUserSchema(database);
      await database.execute(`CREATE TABLE "${user}".${name === 'uniqueindex' ? counters : system}`);
      const store = await database.open();
      expect(await store.readSchema()).toMatchObject({kind: 'unsuitable'});
      await expect(migrate(store)).rejects.toMatchObject({code: 'SCHEMA_UNSUITABLE'});
      await expect(store.advance([claim('new', 1n)], 0n)).rejects.toMatchObject({
        code: 'SCHEMA_UNSUITABLE',
      });
      expect(await tablesIn(database, user)).toEqual([name]);
    },
  );

  it.each(['public', 'Two "words"; --'])('gets the table that version 0.0 lacks: %s', async (schema) => {
    const database = await makePostgresDatabase();
    const quoted = `"${schema.replaceAll('"', '""')}"`;
    if (schema !== 'public') await database.execute(`CREATE SCHEMA ${quoted}`);
    await makeUserSchema(database);
    await setPath(database, `"$user", ${quoted}`);
    await database.execute(`CREATE TABLE ${quoted}.${counters}`);
    await database.execute(`INSERT INTO ${quoted}.uniqueindex VALUES ('file', 7)`);
    const store = await database.open();
    expect(await migrate(store)).toMatchObject({before: '0.0'});
    expect(await tablesIn(database, schema)).toEqual(['uniqueindex', 'uniqueindexsystem']);
    expect(await readStatus(store, {limit: 1})).toMatchObject({
      database: {schema, warnings: []},
      schema: {safe: true},
      modes: [{mode: 'file', next: 7n}],
    });
    expect(await store.advance([claim('file', 1n)], 0n)).toEqual([granted(8n)]);
  });

  it('is never that of temporary tables', async () => {
    const database = await makePostgresDatabase();
    await setPath(database, 'pg_temp, public');
    const store = await database.open();
    await expect(migrate(store)).rejects.toMatchObject({code: 'SCHEMA_UNSUITABLE'});
    expect(await store.readSchema()).toEqual({kind: 'absent'});
  });

  it('distinguishes two pairs of tables in one database', async () => {
    const {database, store} = await served();
    const before = await store.identity();
    await makeTables(database, await makeUserSchema(database));
    expect(await (await database.open()).identity()).not.toBe(before);
  });
});

needs('postgresql').describe('tables that hide those in use', () => {
  it('are rejected until they are dropped, and none of their integers is issued', async () => {
    const {database, store} = await served();
    const user = await makeUserSchema(database);
    await makeTables(database, user);
    for (const mode of ['file', 'new'])
      await expect(
        new Allocator(store, {firstIndex: 0n, requestTimeoutMs: 10_000, maxQueue: 10}).allocate(mode, 1n),
      ).rejects.toMatchObject({code: 'SCHEMA_UNSUITABLE'});
    expect(await store.readSchema()).toMatchObject({kind: 'unsuitable'});
    await expect(store.probe()).rejects.toMatchObject({code: 'SCHEMA_UNSUITABLE'});
    await database.execute(`DROP SCHEMA "${user}" CASCADE`);
    const allocator = new Allocator(store, {firstIndex: 0n, requestTimeoutMs: 10_000, maxQueue: 10});
    expect(await allocator.allocate('file', 1n)).toEqual({start: 10n, end: 10n});
  });

  it('are accepted if they were created again in the same place', async () => {
    const {database, store} = await served();
    await database.execute('DROP TABLE uniqueindex');
    await database.execute(`CREATE TABLE ${counters}`);
    await database.execute(`INSERT INTO uniqueindex VALUES ('file', 10)`);
    const allocator = new Allocator(store, {firstIndex: 0n, requestTimeoutMs: 10_000, maxQueue: 10});
    expect((await allocator.allocate('file', 1n)).start).toBeGreaterThanOrEqual(10n);
  });

  needs('pgbouncer').it.each(['directly', 'through PgBouncer'])(
    'are rejected if only new connections find them, %s',
    async (way) => {
      const database = await makePostgresDatabase();
      await migrate(await database.open());
      const url = way === 'directly' ? database.url : await startPgBouncer(database.url);
      const store = await openForTest(url);
      await database.execute('CREATE SCHEMA first');
      await makeTables(database, 'first');
      await setPath(database, 'first, public');
      const asked = Array.from({length: 40}, (_, index) =>
        store.advance([claim(`mode ${index % 20}`, 1n)], 0n),
      );
      const given = (await Promise.allSettled(asked)).flatMap((outcome) =>
        outcome.status === 'fulfilled' ? outcome.value : [],
      );
      const [[inPublic = ''] = []] = await database.query(
        'SELECT coalesce(sum("index"), 0) FROM public.uniqueindex',
      );
      expect(given).toHaveLength(Number(inPublic));
    },
  );
});
