import {randomUUID} from 'node:crypto';
import {expect, it, onTestFinished} from 'vitest';
import {migrate} from '../../../src/lib/store/schema/migrate.js';
import {startServer} from '../../helpers/programs/cli.js';
import {ask} from '../../helpers/network/http.js';
import {needs} from '../../helpers/run/needs.js';
import {openForTest, type NetworkTestDatabase} from '../../helpers/databases/network-database.js';
import {makePostgresDatabase} from '../../helpers/databases/postgres-database.js';
import {makeWorkspace} from '../../helpers/folders/workspace.js';
import {claim, granted} from '../../helpers/databases/claims.js';

interface RoleDatabase {
  readonly database: NetworkTestDatabase;
  readonly role: string;
  /** The database as that role sees it. */
  readonly url: string;
}

/** Creates our tables and an ordinary role that may use them. */
async function withRole(): Promise<RoleDatabase> {
  const database = await makePostgresDatabase();
  await migrate(await database.open());
  const role = `u${randomUUID().replaceAll('-', '').slice(0, 20)}`;
  await database.execute(`CREATE ROLE ${role} LOGIN PASSWORD 'first'`);
  onTestFinished(async () => {
    await database.execute(`DROP OWNED BY ${role}`);
    await database.execute(`DROP ROLE ${role}`);
  });
  await database.execute(`GRANT SELECT, INSERT, UPDATE ON uniqueindex, uniqueindexsystem TO ${role}`);
  const {host, pathname} = new URL(database.url);
  return {database, role, url: `postgresql://${role}:first@${host}${pathname}`};
}

const tables = ['uniqueindex', 'uniqueindexsystem'] as const;

needs('postgresql').describe.each(tables)('row-level security of %s', (table) => {
  const enable = `ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY`;
  const own = (role: string): string =>
    `GRANT ALL ON SCHEMA public TO ${role}; ALTER TABLE uniqueindex OWNER TO ${role}; ALTER TABLE uniqueindexsystem OWNER TO ${role}`;

  it.each<readonly [string, (role: string) => readonly string[]]>([
    ['has no policy', () => [enable]],
    ['has a policy for all rows', () => [enable, `CREATE POLICY p ON ${table} USING (true)`]],
    [
      'has a policy for another role',
      () => [enable, `CREATE POLICY p ON ${table} TO pg_monitor USING (true)`],
    ],
    [
      'is forced on its owner',
      (role) => [own(role), enable, `ALTER TABLE ${table} FORCE ROW LEVEL SECURITY`],
    ],
    [
      'applies to a role with row_security = off',
      (role) => [enable, `ALTER ROLE ${role} SET row_security = off`],
    ],
  ])('is rejected if it %s', async (_, prepare) => {
    const {database, role, url} = await withRole();
    for (const statement of prepare(role)) await database.execute(statement);
    const store = await openForTest(url);
    expect(await store.readSchema()).toMatchObject({kind: 'unsuitable'});
    await expect(store.advance([claim('file', 1n)], 0n)).rejects.toMatchObject({
      code: 'SCHEMA_UNSUITABLE',
    });
  });

  it.each<readonly [string, (role: string) => readonly string[]]>([
    ['is disabled', () => [`CREATE POLICY p ON ${table} USING (false)`]],
    ['does not bind its owner', (role) => [own(role), enable]],
    ['applies to a role with BYPASSRLS', (role) => [enable, `ALTER ROLE ${role} BYPASSRLS`]],
  ])('is accepted if it %s', async (_, prepare) => {
    const {database, role, url} = await withRole();
    for (const statement of prepare(role)) await database.execute(statement);
    const store = await openForTest(url);
    expect(await store.readSchema()).toMatchObject({kind: 'versioned'});
    expect(await store.advance([claim('file', 1n)], 0n)).toEqual([granted(1n)]);
  });
});

needs('postgresql').it.each([
  ['every row', 'false'],
  ['one mode', `"id" <> 'file'`],
  ['counters beyond a limit', '"index" < 2'],
])('a running service rejects requests while row-level security hides %s', async (_, condition) => {
  const {database, url} = await withRole();
  const server = await startServer([], {cwd: makeWorkspace(), env: {PEEWEE_URL: url}});
  const take = async (): Promise<number> => (await ask(server.url, '/getid?mode=file&range=2')).status;
  expect(await take()).toBe(200);
  await database.execute(`CREATE POLICY p ON uniqueindex USING (${condition})`);
  await database.execute('ALTER TABLE uniqueindex ENABLE ROW LEVEL SECURITY');
  expect(await take()).toBe(503);
  expect((await ask(server.url, '/health')).status).toBe(503);
  expect(await take()).toBe(503);
  await database.execute('ALTER TABLE uniqueindex DISABLE ROW LEVEL SECURITY');
  while ((await take()) !== 200);
  expect(await database.query(`SELECT "index" FROM uniqueindex WHERE "id" = 'file'`)).toEqual([['4']]);
});
