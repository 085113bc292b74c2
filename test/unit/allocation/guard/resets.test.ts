import {dirname, join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {Allocator} from '../../../../src/lib/allocation/allocator.js';
import {HighWaterMarks} from '../../../../src/lib/allocation/marks/high-water-marks.js';
import {MarksFile} from '../../../../src/lib/allocation/memory/marks-file.js';
import {MarkMemory} from '../../../../src/lib/allocation/memory/memory.js';
import {MarkWatch} from '../../../../src/lib/allocation/guard/mark-watch.js';
import {UniqueIDError} from '../../../../src/lib/core/errors.js';
import {migrate} from '../../../../src/lib/store/schema/migrate.js';
import {epochOf} from '../../../../src/lib/store/epochs.js';
import type {Store} from '../../../../src/lib/store/store.js';
import {observe, withMethods, type ObservedStore} from '../../../helpers/databases/observed-store.js';
import {makeSqliteDatabase, type SqliteTestDatabase} from '../../../helpers/databases/sqlite-database.js';
import {makeWorkspace} from '../../../helpers/folders/workspace.js';

interface Setup {
  readonly database: SqliteTestDatabase;
  readonly store: Store;
  readonly observed: ObservedStore;
  readonly marksFile: () => MarksFile;
  /** Starts another process with the same file of marks. */
  readonly start: (onRegression?: 'raise' | 'stop') => Allocator;
}

async function setUp(): Promise<Setup> {
  const database = makeSqliteDatabase();
  const store = await database.open({create: true});
  await migrate(store);
  const observed = observe(await database.open());
  const path = join(makeWorkspace(), 'issued');
  const marksFile = (): MarksFile => new MarksFile({path, model: dirname(path), maxModes: 10_000});
  const start = (onRegression: 'raise' | 'stop' = 'raise'): Allocator =>
    new Allocator(observed.store, {
      ...{firstIndex: 0n, requestTimeoutMs: 10_000, maxQueue: 10_000, marksFile: marksFile()},
      onRegression,
    });
  return {database, store, observed, marksFile, start};
}

async function reset(store: Store, mode: string, to: bigint): Promise<number> {
  const from = (await store.counter(mode))?.next;
  expect(await store.moveCounters([{mode, from, to}])).toEqual([]);
  return epochOf(await store.lineage(), mode);
}

describe('a reset that another machine made', () => {
  it('is obeyed, and the integers after it are remembered', async () => {
    const {database, store, start} = await setUp();
    expect(await start().allocate('file', 100n)).toEqual({start: 0n, end: 99n});
    await reset(store, 'file', 7n);
    expect(await start().allocate('file', 50n)).toEqual({start: 7n, end: 56n});
    await database.execute('UPDATE uniqueindex SET "index" = 7');
    expect(await start().allocate('file', 50n)).toEqual({start: 57n, end: 106n});
  });

  it('is remembered too by a process that never used the mode before', async () => {
    const {database, store, start} = await setUp();
    await start().allocate('other', 5n);
    await store.advance([{mode: 'file', count: 100n, minimum: 0n, mayCreate: true}], 0n);
    await reset(store, 'file', 7n);
    expect(await start().allocate('file', 50n)).toEqual({start: 7n, end: 56n});
    await database.execute(`UPDATE uniqueindex SET "index" = 7 WHERE "id" = 'file'`);
    expect(await start().allocate('file', 1n)).toEqual({start: 57n, end: 57n});
  });

  it.each(['raise', 'stop'] as const)('does not make a lost mode start again (%s)', async (policy) => {
    const {database, store, start} = await setUp();
    await start().allocate('young', 5n);
    await reset(store, 'young', 2n);
    await database.execute('DELETE FROM uniqueindex');
    const allocator = start(policy);
    const allocated = allocator.allocate('young', 1n);
    if (policy === 'raise') expect(await allocated).toEqual({start: 5n, end: 5n});
    else await expect(allocated).rejects.toMatchObject({code: 'COUNTER_REGRESSED'});
  });

  it.each(['raise', 'stop'] as const)(
    'is no accident if the file shows it after the counter was found (%s)',
    async (policy) => {
      const {store, observed, marksFile, start} = await setUp();
      const allocator = start(policy);
      await allocator.allocate('file', 100n);
      let epoch = 0;
      observed.before = async () => {
        observed.before = () => Promise.resolve();
        epoch = await reset(store, 'file', 50n);
      };
      observed.after = async () => {
        observed.after = () => Promise.resolve();
        const memory = new MarkMemory(marksFile(), new HighWaterMarks(10), store.location);
        memory.start(await store.lineage());
        memory.record('file', {epoch, next: 50n});
        await memory.close({sync: false});
      };
      expect(await allocator.allocate('file', 1n)).toEqual({start: 50n, end: 50n});
      expect(allocator.guard.raised.recent()).toEqual([]);
      expect(allocator.guard.regressions()).toEqual([]);
      expect(allocator.guard.counts).toEqual({raised: 0, forgotten: 0});
    },
  );

  it('makes a range void that was claimed before it', async () => {
    const {database, store, observed, marksFile, start} = await setUp();
    const allocator = start();
    await allocator.allocate('file', 100n);
    observed.after = async () => {
      observed.after = () => Promise.resolve();
      const epoch = await reset(store, 'file', 105n);
      const memory = new MarkMemory(marksFile(), new HighWaterMarks(10), store.location);
      memory.start(await store.lineage());
      memory.record('file', {epoch, next: 105n});
      await memory.close({sync: false});
    };
    // 100..109 were claimed, then the counter was moved from 110 to 105.
    expect(await allocator.allocate('file', 10n)).toEqual({start: 105n, end: 114n});
    await database.execute('UPDATE uniqueindex SET "index" = 105');
    expect(await start().allocate('file', 1n)).toEqual({start: 115n, end: 115n});
  });

  it('moves one mode only: a mode that went back with a backup before it is raised', async () => {
    const {database, store, start} = await setUp();
    await start().allocate('file', 100n);
    await start().allocate('other', 100n);
    await database.execute('UPDATE uniqueindex SET "index" = 10');
    await reset(store, 'other', 0n);
    const allocator = start();
    const watch = new MarkWatch(store, allocator.guard, 0n);
    await allocator.guard.prepare();
    await watch.compareAll();
    expect(await allocator.allocate('file', 1n)).toEqual({start: 100n, end: 100n});
    expect(await allocator.allocate('other', 1n)).toEqual({start: 0n, end: 0n});
    expect(allocator.guard.counts).toEqual({raised: 1, forgotten: 1});
    await watch.stop();
  });

  it('of all modes is obeyed for each of them, while another process notes some', async () => {
    const {store, start} = await setUp();
    const modes = Array.from({length: 1001}, (_, index) => `mode ${index}`);
    const [first, second] = [start(), start()];
    await Promise.all(modes.map((mode) => first.allocate(mode, 100n)));
    await second.guard.prepare();
    await store.moveCounters(modes.map((mode) => ({mode, from: 100n, to: 0n})));
    expect(await first.allocate('mode 7', 1n)).toEqual({start: 0n, end: 0n});
    expect(await second.allocate('mode 8', 1n)).toEqual({start: 0n, end: 0n});
    const watch = new MarkWatch(store, second.guard, 0n);
    await watch.compareAll();
    expect(await first.allocate('mode 1000', 1n)).toEqual({start: 0n, end: 0n});
    expect([first, second].map(({guard}) => guard.counts.raised)).toEqual([0, 0]);
    await watch.stop();
  });

  it('does not hide from a comparison that another mode cannot be raised', async () => {
    const {database, store, start} = await setUp();
    const allocator = start();
    for (const mode of ['a', 'bad', 'c']) await allocator.allocate(mode, 100n);
    await database.execute('UPDATE uniqueindex SET "index" = 10');
    const advanceRaised: Store['advanceRaised'] = (claims, firstIndex, epoch) =>
      claims.some(({mode}) => mode === 'bad')
        ? Promise.reject(new UniqueIDError('INVALID_MODE', 'The table cannot hold it.'))
        : store.advanceRaised(claims, firstIndex, epoch);
    const refusing = withMethods(store, {advanceRaised});
    const watch = new MarkWatch(refusing, allocator.guard, 0n);
    await watch.compareAll();
    expect(await store.readCounters(['a', 'bad', 'c'])).toEqual([
      {mode: 'a', next: 100n},
      {mode: 'bad', next: 10n},
      {mode: 'c', next: 100n},
    ]);
    await watch.stop();
  });
});
