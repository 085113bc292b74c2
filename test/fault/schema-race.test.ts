import {setTimeout as sleep} from 'node:timers/promises';
import postgres from 'postgres';
import {describe, expect} from 'vitest';
import {migrate} from '../../src/lib/store/schema/migrate.js';
import {readStructure} from '../../src/lib/store/postgres/structure.js';
import type {Store} from '../../src/lib/store/store.js';
import {makeMysqlDatabase} from '../helpers/databases/mysql-database.js';
import {needs} from '../helpers/run/needs.js';
import {makePostgresDatabase} from '../helpers/databases/postgres-database.js';

/** Enough to detect the race almost surely, at a few milliseconds per turn. */
const TURNS = 60;
const STORES = 8;

const current = {kind: 'versioned', version: {major: 1, minor: 0}};
const systemTable =
  'CREATE TABLE uniqueindexsystem (part VARCHAR(255) NOT NULL PRIMARY KEY, value INTEGER NOT NULL)';
const systemRows = `INSERT INTO uniqueindexsystem VALUES ('major', 1), ('minor', 0)`;

describe.each([
  {
    name: 'PostgreSQL',
    need: 'postgresql',
    make: makePostgresDatabase,
    counterTable:
      'CREATE TABLE uniqueindex ("id" VARCHAR(255) NOT NULL PRIMARY KEY, "index" BIGINT NOT NULL)',
    lock: () => 'SELECT pg_advisory_lock(7231985501)',
    waiting: `SELECT 1 FROM pg_stat_activity WHERE wait_event = 'advisory' AND datname = current_database()`,
    unlock: () => 'SELECT pg_advisory_unlock(7231985501)',
  },
  {
    name: 'MariaDB',
    need: 'mariadb',
    make: makeMysqlDatabase,
    counterTable: 'CREATE TABLE uniqueindex (id VARCHAR(255) NOT NULL PRIMARY KEY, `index` BIGINT NOT NULL)',
    lock: (database: string) => `SELECT GET_LOCK('uniqueid ${database}', 10)`,
    waiting: `SELECT 1 FROM information_schema.processlist WHERE state = 'User lock' AND db = DATABASE()`,
    unlock: (database: string) => `SELECT RELEASE_LOCK('uniqueid ${database}')`,
  },
] as const)('$name', ({need, make, counterTable, lock, waiting, unlock}) => {
  needs(need).it('simultaneous migrations and readers see no damaged tables', async () => {
    const database = await make();
    const stores: Store[] = [];
    for (let index = 0; index < STORES; index++) stores.push(await database.open());
    for (let turn = 0; turn < TURNS; turn++) {
      const plans = await Promise.all(
        stores.map(async (store, index) => (index % 4 === 3 ? store.readSchema() : migrate(store))),
      );
      for (const plan of plans) expect(plan).not.toMatchObject({kind: 'damaged'});
      expect(await stores[0]?.readSchema()).toEqual(current);
      await database.execute('DROP TABLE uniqueindexsystem');
      await database.execute('DROP TABLE uniqueindex');
    }
  });

  needs(need).it('a reader waits for a running migration before it reports damaged tables', async () => {
    const database = await make();
    const name = new URL(database.url).pathname.slice(1);
    const store = await database.open();
    await database.query(lock(name));
    await database.execute(systemTable);
    await database.execute(systemRows);
    const state = store.readSchema();
    const isDone = (): Promise<boolean> => Promise.race([state.then(() => true), sleep(10, false)]);
    while (!(await isDone()) && (await database.query(waiting)).length === 0);
    await database.execute(counterTable);
    await database.query(unlock(name));
    expect(await state).toEqual(current);
  });
});

needs('postgresql').it('PostgreSQL shows both tables in one snapshot', async () => {
  const database = await makePostgresDatabase();
  const sql = postgres(database.url, {max: 1});
  try {
    const seen = await sql.begin(async (transaction) => {
      // The session now caches that the first table is missing, until it takes a lock.
      await transaction.unsafe(`SELECT to_regclass('uniqueindex')`);
      await migrate(await database.open());
      return [...(await transaction.unsafe(readStructure))];
    });
    expect(seen).toMatchObject([{schema: 'public', systemSchema: 'public'}]);
  } finally {
    await sql.end();
  }
});
