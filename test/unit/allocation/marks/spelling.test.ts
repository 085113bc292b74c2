import {dirname, join} from 'node:path';
import {describe, expect, it, vi} from 'vitest';
import {Allocator} from '../../../../src/lib/allocation/allocator.js';
import {MarksFile} from '../../../../src/lib/allocation/memory/marks-file.js';
import {MarkWatch} from '../../../../src/lib/allocation/guard/mark-watch.js';
import {migrate} from '../../../../src/lib/store/schema/migrate.js';
import type {Store} from '../../../../src/lib/store/store.js';
import {makeSqliteDatabase, type SqliteTestDatabase} from '../../../helpers/databases/sqlite-database.js';
import {makeWorkspace} from '../../../helpers/folders/workspace.js';

interface Setup {
  readonly database: SqliteTestDatabase;
  readonly store: Store;
  /** Starts another process with the same file of marks. */
  readonly start: (onRegression?: 'raise' | 'stop') => Allocator;
}

/** Creates a table that compares modes by this collation. */
async function setUp(collation: string): Promise<Setup> {
  const database = makeSqliteDatabase();
  const store = await database.open({create: true});
  await database.execute(
    `CREATE TABLE uniqueindex ("id" VARCHAR(255) NOT NULL PRIMARY KEY COLLATE ${collation}, "index" BIGINT NOT NULL)`,
  );
  await migrate(store);
  const path = join(makeWorkspace(), 'issued');
  const start = (onRegression: 'raise' | 'stop' = 'raise'): Allocator =>
    new Allocator(store, {
      ...{firstIndex: 0n, requestTimeoutMs: 10_000, maxQueue: 10_000, onRegression},
      marksFile: new MarksFile({path, model: dirname(path), maxModes: 10_000}),
    });
  return {database, store, start};
}

describe('a table that keeps one counter for several spellings', () => {
  it('has one high-water mark for all of them', async () => {
    const {database, start} = await setUp('NOCASE');
    const before = start();
    await before.allocate('File', 150n);
    await before.allocate('file', 50n);
    for (const mode of ['File', 'FILE']) {
      await database.execute('UPDATE uniqueindex SET "index" = 100');
      const first = mode === 'File' ? 200n : 201n;
      expect(await start().allocate(mode, 1n)).toEqual({start: first, end: first});
    }
  });

  it('has one quarantine for all of them', async () => {
    const {database, start} = await setUp('NOCASE');
    const allocator = start('stop');
    await allocator.allocate('File', 150n);
    await database.execute('UPDATE uniqueindex SET "index" = 100');
    await expect(allocator.allocate('FILE', 1n)).rejects.toMatchObject({code: 'COUNTER_REGRESSED'});
    expect(allocator.guard.isQuarantined('file')).toBe(true);
    await database.execute('UPDATE uniqueindex SET "index" = 200');
    expect(await allocator.allocate('file', 1n)).toEqual({start: 200n, end: 200n});
    expect(allocator.guard.regressions()).toEqual([]);
  });

  it('shows what another machine has issued by another spelling', async () => {
    const {store, start} = await setUp('NOCASE');
    const allocator = start();
    await allocator.allocate('FILE', 10n);
    const watch = new MarkWatch(store, allocator.guard, 0n).start();
    await store.advance([{mode: 'file', count: 90n, minimum: 0n, mayCreate: false}], 0n);
    await vi.waitUntil(() => allocator.guard.highWaterMark('FILE') === 100n, {timeout: 5000});
    await watch.stop();
  });
});

it('a table that compares bytes has one high-water mark for each spelling', async () => {
  const {start} = await setUp('BINARY');
  await start().allocate('File', 150n);
  expect(await start().allocate('file', 1n)).toEqual({start: 0n, end: 0n});
});
