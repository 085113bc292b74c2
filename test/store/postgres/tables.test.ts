import {setTimeout as sleep} from 'node:timers/promises';
import {expect, inject, it} from 'vitest';
import {Allocator} from '../../../src/lib/allocation/allocator.js';
import {migrate} from '../../../src/lib/store/schema/migrate.js';
import {needs} from '../../helpers/run/needs.js';
import {makePostgresDatabase} from '../../helpers/databases/postgres-database.js';
import {claim, granted} from '../../helpers/databases/claims.js';

needs('postgresql').describe('PostgreSQL', () => {
  it('uses tables made by peewee as they are', async () => {
    const database = await makePostgresDatabase();
    await database.execute(
      'CREATE TABLE IF NOT EXISTS "uniqueindex" ("id" VARCHAR(255) NOT NULL PRIMARY KEY, "index" BIGINT NOT NULL)',
    );
    await database.execute(
      'CREATE TABLE IF NOT EXISTS "uniqueindexsystem" ("part" VARCHAR(255) NOT NULL PRIMARY KEY, "value" INTEGER NOT NULL)',
    );
    await database.execute(`INSERT INTO uniqueindexsystem VALUES ('major', 1), ('minor', 0)`);
    await database.execute(`INSERT INTO uniqueindex VALUES ('file', 251038)`);
    const store = await database.open();
    expect(await migrate(store)).toMatchObject({before: '1.0', steps: []});
    expect(await store.advance([claim('file', 10n)], 0n)).toEqual([granted(251_048n)]);
  });

  it('flushes each commit even if synchronous_commit is off by default', async () => {
    const database = await makePostgresDatabase();
    const name = new URL(database.url).pathname.slice(1);
    await database.execute(`ALTER DATABASE ${name} SET synchronous_commit = off`);
    const store = await database.open();
    await migrate(store);
    // The condition sees the setting in force while a statement runs.
    await database.execute(
      `ALTER TABLE uniqueindex ADD CHECK (current_setting('synchronous_commit') = 'on')`,
    );
    const [one, two] = [[claim('file', 1n)], [claim('file', 1n), claim('other', 1n)]];
    // The first claim creates the mode, the second one advances it.
    for (const claims of [one, one, two, two]) await store.advance(claims, 0n);
    expect(await store.counter('file')).toEqual({mode: 'file', next: 4n});
    await database.execute('SET synchronous_commit = off');
    await expect(database.execute('UPDATE uniqueindex SET "index" = 0')).rejects.toThrow('check constraint');
  });

  it('reads no more rows for each mode after the table has grown without an ANALYZE', async () => {
    const ROWS = 20_000;
    const database = await makePostgresDatabase();
    const store = await database.open();
    await migrate(store);
    await database.execute('ALTER TABLE uniqueindex SET (autovacuum_enabled = off)');
    const [one, two] = [[claim('mode1', 1n)], [claim('mode1', 1n), claim('mode2', 1n)]];
    const advanceAll = async (): Promise<void> => {
      for (let turn = 0; turn < 10; turn++) {
        for (const claims of [one, two]) await store.advance(claims, 0n);
        await store.readCounters(['mode1', 'mode2']);
      }
    };
    await store.advance(two, 0n);
    await database.execute('VACUUM ANALYZE uniqueindex');
    await advanceAll();
    await database.execute(
      `INSERT INTO uniqueindex SELECT 'mode' || mode, 0 FROM generate_series(3, ${ROWS}) AS mode`,
    );
    await sleep(1100);
    await advanceAll();
    await store.close();
    // The sessions report what they read when they end.
    const read = `SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'uniqueindex'`;
    const sessions = `SELECT count(*) FROM pg_stat_activity WHERE application_name = 'uniqueid' AND datname = current_database()`;
    while ((await database.query(sessions))[0]?.[0] !== '0') await sleep(20);
    await sleep(500);
    await database.execute('SELECT pg_stat_clear_snapshot()');
    expect(Number((await database.query(read))[0]?.[0])).toBeLessThan(ROWS);
  });

  it('stops to serve a table whose primary key was dropped, if a mode has two rows', async () => {
    const database = await makePostgresDatabase();
    const store = await database.open();
    await migrate(store);
    await store.advance([claim('file', 100n)], 0n);
    await database.execute('ALTER TABLE uniqueindex DROP CONSTRAINT uniqueindex_pkey');
    await database.execute(`INSERT INTO uniqueindex VALUES ('file', 50)`);
    const advance = (): Promise<unknown> => store.advance([claim('file', 10n)], 0n);
    await expect(advance()).rejects.toMatchObject({code: 'SCHEMA_UNSUITABLE'});
    await expect(advance()).rejects.toMatchObject({code: 'SCHEMA_UNSUITABLE'});
  });

  it('has one identity in all time zones of sessions', async () => {
    const database = await makePostgresDatabase();
    const name = new URL(database.url).pathname.slice(1);
    const before = await database.open();
    const identity = await before.identity();
    await database.execute(`ALTER DATABASE ${name} SET timezone = 'Asia/Tokyo'`);
    const after = await database.open();
    expect(await after.identity()).toBe(identity);
    expect(await (await makePostgresDatabase().then((other) => other.open())).identity()).not.toBe(identity);
  });

  it('works without prepared statements, as some poolers need', async () => {
    const {url} = await makePostgresDatabase();
    const {openForTest} = await import('../../helpers/databases/network-database.js');
    const store = await openForTest(`${url}?prepare=false`);
    await migrate(store);
    expect(await store.advance([claim('file', 3n)], 0n)).toEqual([granted(3n)]);
  });

  it('rejects only the mode that the encoding of the database cannot hold', async () => {
    const database = await makePostgresDatabase(inject('postgresUrl'), 'LATIN1');
    const store = await database.open();
    await migrate(store);
    const allocator = new Allocator(store, {firstIndex: 0n, requestTimeoutMs: 5000, maxQueue: 10});
    const results = await Promise.allSettled(
      ['file', 'Файл', 'naïve'].map((mode) => allocator.allocate(mode, 1n)),
    );
    expect(results).toMatchObject([
      {value: {start: 0n}},
      {reason: {code: 'INVALID_MODE'}},
      {value: {start: 0n}},
    ]);
  });
});
