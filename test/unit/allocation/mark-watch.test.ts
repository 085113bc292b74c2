import {dirname, join} from 'node:path';
import {expect, it, onTestFinished} from 'vitest';
import {Allocator} from '../../../src/lib/allocation/allocator.js';
import {MarkWatch} from '../../../src/lib/allocation/mark-watch.js';
import {MarksFile} from '../../../src/lib/allocation/memory/marks-file.js';
import {UniqueIDError} from '../../../src/lib/core/errors.js';
import {migrate} from '../../../src/lib/store/schema/migrate.js';
import {observe} from '../../helpers/databases/observed-store.js';
import {makeSqliteDatabase} from '../../helpers/databases/sqlite-database.js';
import {makeWorkspace} from '../../helpers/folders/workspace.js';

/** More than one statement compares. */
const MODES = 600;

it('a comparison that fails in the middle is repeated, so that every counter is raised', async () => {
  const database = makeSqliteDatabase();
  const real = await database.open({create: true});
  await migrate(real);
  const observed = observe(real);
  const {store} = observed;
  const path = join(makeWorkspace(), 'issued');
  const marksFile = new MarksFile({path, model: dirname(path), maxModes: 10_000});
  const allocator = new Allocator(store, {
    ...{firstIndex: 0n, requestTimeoutMs: 10_000, maxQueue: 10_000, marksFile},
  });
  const modes = Array.from({length: MODES}, (_, index) => `mode ${index}`);
  await Promise.all(modes.map((mode) => allocator.allocate(mode, 10n)));
  const watch = new MarkWatch(store, allocator.guard, 0n);
  await watch.compareAll();
  watch.start();
  onTestFinished(() => watch.stop());
  await watch.compareAll();

  await database.execute('UPDATE uniqueindex SET "index" = 5');
  // The next refresh reads the newest modes, then compares the first 500, then the others.
  let readings = 0;
  observed.beforeReading = () =>
    ++readings === 3
      ? Promise.reject(new UniqueIDError('DATABASE_UNAVAILABLE', 'gone', {transient: true}))
      : Promise.resolve();
  await expect
    .poll(async () => (await real.readCounters(modes)).filter(({next}) => next === 10n).length, {
      timeout: 10_000,
    })
    .toBe(MODES);
  expect(readings).toBeGreaterThan(3);
});
