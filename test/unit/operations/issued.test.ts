import {dirname, join} from 'node:path';
import {expect, it, onTestFinished} from 'vitest';
import {Allocator} from '../../../src/lib/allocation/allocator.js';
import {MarksFile} from '../../../src/lib/allocation/memory/marks-file.js';
import {resolveConfig} from '../../../src/lib/config/resolve.js';
import {Issued} from '../../../src/lib/operations/issued.js';
import {planReset, applyReset, type ResetTarget} from '../../../src/lib/operations/reset.js';
import {migrate} from '../../../src/lib/store/schema/migrate.js';
import type {Store} from '../../../src/lib/store/store.js';
import {makeSqliteDatabase} from '../../helpers/databases/sqlite-database.js';

/** More than get an epoch each. */
const many = Array.from({length: 101}, (_, index) => `mode${index}`);

interface Site {
  readonly store: Store;
  readonly read: () => Promise<Issued>;
  /** Allocates as a process of its own, and returns the first integer. */
  readonly take: (mode: string, count: bigint) => Promise<bigint>;
  readonly reset: (issued: Issued, modes: readonly string[], target: ResetTarget) => Promise<void>;
  readonly setCounter: (mode: string, next: number) => Promise<void>;
}

async function makeSite(create = ''): Promise<Site> {
  const database = makeSqliteDatabase();
  if (create !== '') await database.execute(create);
  const store = await database.open({create: true});
  await migrate(store);
  const path = join(dirname(database.path), 'issued');
  const env = {PEEWEE_URL: `sqlite:///${database.path}`, UNIQUEID_GUARD_FILE: path};
  const {settings} = resolveConfig({flags: {}, env});
  const limits = {firstIndex: 0n, requestTimeoutMs: 10_000, maxQueue: 1000};
  return {
    store,
    read: () => Issued.read(store, settings, false),
    take: async (mode, count) => {
      const marksFile = new MarksFile({path, model: dirname(path), maxModes: Infinity});
      const allocator = new Allocator(store, {...limits, marksFile});
      const {start} = await allocator.allocate(mode, count);
      await allocator.close();
      await allocator.guard.memory.close({sync: false});
      return start;
    },
    reset: async (issued, modes, target) => {
      const counters = await store.readCounters(modes);
      const plan = planReset(counters, target, store.location, (mode) => issued.mark(mode));
      await issued.refresh();
      await issued.recordReset(await applyReset(store, plan, target, 1000));
      expect(await issued.close()).toEqual([]);
    },
    setCounter: (mode, next) =>
      database.execute(`UPDATE uniqueindex SET "index" = ${next} WHERE id = '${mode}'`),
  };
}

const toZero: ResetTarget = {kind: 'to', value: 0n};

it('a reset of many modes undoes no other that was made while it waited', async () => {
  const {store, read, take, reset} = await makeSite();
  onTestFinished(() => store.close());
  await store.raiseCounters(
    many.map((mode) => ({mode, next: 5n})),
    false,
  );
  expect(await take('b', 500n)).toBe(0n);
  const waiting = await read();
  await reset(await read(), ['b'], toZero);
  await reset(waiting, many, toZero);
  expect(await take('b', 1n)).toBe(0n);
  expect(await take('mode7', 1n)).toBe(0n);
});

it('a reset of many modes keeps what others have issued while it waited', async () => {
  const {store, read, take, reset, setCounter} = await makeSite();
  onTestFinished(() => store.close());
  await store.raiseCounters(
    many.map((mode) => ({mode, next: 5n})),
    false,
  );
  expect(await take('x', 500n)).toBe(0n);
  const waiting = await read();
  expect(await take('x', 100n)).toBe(500n);
  await reset(waiting, many, toZero);
  await setCounter('x', 300);
  expect(await take('x', 1n)).toBe(600n);
});

it.each(['RTRIM', 'NOCASE'])(
  'a reset keeps the marks of a mode with the same epoch key (%s)',
  async (collation) => {
    const {store, read, take, reset, setCounter} = await makeSite(
      `CREATE TABLE uniqueindex ("id" VARCHAR(255) COLLATE ${collation} PRIMARY KEY, "index" BIGINT NOT NULL)`,
    );
    onTestFinished(() => store.close());
    expect(await take('fly', 500n)).toBe(0n);
    expect(await take('file', 50n)).toBe(0n);
    await setCounter('fly', 300);
    await reset(await read(), ['file'], toZero);
    expect(await take('fly', 1n)).toBe(500n);
    expect(await take('file', 1n)).toBe(0n);
  },
);

it('a reset below the mark of another spelling of its counter counts as a move back', async () => {
  const {store, read, take, reset, setCounter} = await makeSite(
    'CREATE TABLE uniqueindex ("id" VARCHAR(255) COLLATE NOCASE NOT NULL PRIMARY KEY, "index" BIGINT NOT NULL)',
  );
  onTestFinished(() => store.close());
  expect(await take('file', 1n)).toBe(0n);
  expect(await take('FILE', 499n)).toBe(1n);
  await setCounter('file', 300);
  const issued = await read();
  expect(issued.mark('file')).toMatchObject({next: 500n});
  await reset(issued, ['file'], {kind: 'to', value: 400n});
  expect(await take('File', 1n)).toBe(400n);
});
