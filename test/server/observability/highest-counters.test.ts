import {expect, it, onTestFinished, vi} from 'vitest';
import {HighestCounters} from '../../../src/lib/server/observability/highest-counters.js';
import {migrate} from '../../../src/lib/store/schema/migrate.js';
import type {Store} from '../../../src/lib/store/store.js';
import {makeSqliteDatabase, type SqliteTestDatabase} from '../../helpers/databases/sqlite-database.js';

const half = 2n ** 62n;
const minute = 60_001;

async function started(): Promise<{database: SqliteTestDatabase; store: Store; highest: HighestCounters}> {
  const database = makeSqliteDatabase();
  const store = await database.open({create: true});
  await migrate(store);
  vi.useFakeTimers({toFake: ['performance']});
  onTestFinished(() => {
    vi.useRealTimers();
  });
  return {database, store, highest: new HighestCounters(store)};
}

it('has no smallest remaining share before the first read, and 1 for a database without modes', async () => {
  const {highest} = await started();
  highest.note(half);
  expect(highest.smallestRemainingShare()).toBeUndefined();
  await highest.read();
  expect(highest.smallestRemainingShare()).toBe(1);
});

it('reads the table once per minute, and adds what this process has advanced since', async () => {
  const {database, highest} = await started();
  await database.execute(`INSERT INTO uniqueindex VALUES ('file', ${half})`);
  await highest.read();
  expect(highest.smallestRemainingShare()).toBe(0.5);
  await database.execute(`UPDATE uniqueindex SET "index" = ${half + half / 2n}`);
  await highest.read();
  expect(highest.smallestRemainingShare()).toBe(0.5);
  highest.note(half + half / 4n);
  expect(highest.smallestRemainingShare()).toBe(0.375);
  vi.advanceTimersByTime(minute);
  await highest.read();
  expect(highest.smallestRemainingShare()).toBe(0.25);
});

it('follows a counter that was reset to a lower value', async () => {
  const {database, highest} = await started();
  await highest.read();
  highest.note(half);
  expect(highest.smallestRemainingShare()).toBe(0.5);
  await database.execute(`INSERT INTO uniqueindex VALUES ('file', 0)`);
  vi.advanceTimersByTime(minute);
  const reading = highest.read();
  highest.note(half / 2n);
  await reading;
  expect(highest.smallestRemainingShare()).toBe(0.75);
});

it('keeps the last result while the database fails, and retries at the next read', async () => {
  const {database, highest} = await started();
  await database.execute(`INSERT INTO uniqueindex VALUES ('file', ${half})`);
  await highest.read();
  await database.execute('ALTER TABLE uniqueindex RENAME TO lost');
  vi.advanceTimersByTime(minute);
  await expect(highest.read()).rejects.toMatchObject({code: expect.stringMatching(/^SCHEMA_/) as string});
  expect(highest.smallestRemainingShare()).toBe(0.5);
  await database.execute('ALTER TABLE lost RENAME TO uniqueindex');
  await database.execute('UPDATE uniqueindex SET "index" = 0');
  await highest.read();
  expect(highest.smallestRemainingShare()).toBe(1);
});
