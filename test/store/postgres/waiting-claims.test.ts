import {dirname, join} from 'node:path';
import postgres from 'postgres';
import {expect, onTestFinished} from 'vitest';
import {Allocator} from '../../../src/lib/allocation/allocator.js';
import {MarksFile} from '../../../src/lib/allocation/memory/marks-file.js';
import {migrate} from '../../../src/lib/store/schema/migrate.js';
import {makePostgresDatabase} from '../../helpers/databases/postgres-database.js';
import {makeWorkspace} from '../../helpers/folders/workspace.js';
import {needs} from '../../helpers/run/needs.js';

const {describe, it} = needs('postgresql');

describe.each([
  {claims: 'a claim', modes: ['file']},
  {claims: 'one of two claims', modes: ['file', 'other']},
])('$claims that waits while its row goes back', ({modes}) => {
  it.each([
    ['is served above the marks after a restore', [], 100n],
    [
      'is served from the target of a reset',
      [
        `INSERT INTO uniqueindexsystem VALUES ('epoch', 1000000000), ('epoch:*', 1000000000)
         ON CONFLICT ("part") DO UPDATE SET "value" = excluded."value"`,
      ],
      10n,
    ],
  ])('%s', async (_, others, expected) => {
    const database = await makePostgresDatabase();
    const store = await database.open();
    await migrate(store);
    const path = join(makeWorkspace(), 'issued');
    const marksFile = new MarksFile({path, model: dirname(path), maxModes: 10_000});
    const limits = {firstIndex: 0n, requestTimeoutMs: 20_000, maxQueue: 10};
    const allocator = new Allocator(store, {...limits, marksFile});
    onTestFinished(() => allocator.close());
    expect(await allocator.allocate('file', 100n)).toEqual({start: 0n, end: 99n});

    const operator = postgres(database.url, {max: 1, onnotice: () => undefined});
    onTestFinished(() => operator.end({timeout: 0}));
    await operator.unsafe(`BEGIN; UPDATE uniqueindex SET "index" = 10 WHERE "id" = 'file'`);
    const waiting = Promise.all(modes.map((mode) => allocator.allocate(mode, 5n)));
    const waits = `SELECT count(*)::int AS count FROM pg_stat_activity
      WHERE wait_event_type = 'Lock' AND datname = current_database()`;
    await expect
      .poll(async () => [...(await operator.unsafe(waits))], {timeout: 10_000})
      .toEqual([{count: 1}]);
    for (const statement of [...others, 'COMMIT']) await operator.unsafe(statement);

    const [{start} = {start: undefined}] = await waiting;
    // The range that was granted below the mark is a gap.
    expect(start).toBeGreaterThanOrEqual(expected);
    expect(start).toBeLessThanOrEqual(expected + 5n);
    expect(allocator.guard.regressions()).toEqual([]);
  });
});
