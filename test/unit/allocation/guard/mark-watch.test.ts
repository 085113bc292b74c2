import {dirname, join} from 'node:path';
import {expect, it, onTestFinished} from 'vitest';
import {Allocator} from '../../../../src/lib/allocation/allocator.js';
import {MarkWatch} from '../../../../src/lib/allocation/guard/mark-watch.js';
import {MarksFile} from '../../../../src/lib/allocation/memory/marks-file.js';
import {UniqueIDError} from '../../../../src/lib/core/errors.js';
import {migrate} from '../../../../src/lib/store/schema/migrate.js';
import {observe, type ObservedStore} from '../../../helpers/databases/observed-store.js';
import {makeSqliteDatabase} from '../../../helpers/databases/sqlite-database.js';
import {makeWorkspace} from '../../../helpers/folders/workspace.js';

/** More than one statement compares. */
const MODES = 600;

interface Watched {
  readonly watch: MarkWatch;
  readonly observed: ObservedStore;
  readonly modes: readonly string[];
  /** Moves the counters of the first modes back to 5, as an older database would hold them. */
  readonly moveBack: (count: number) => Promise<void>;
  /** Returns how many counters are at their marks. */
  readonly countRaised: () => Promise<number>;
}

/** Makes a database whose modes all have the mark 10, and a watch that has compared them. */
async function makeWatched(): Promise<Watched> {
  const database = makeSqliteDatabase();
  const real = await database.open({create: true});
  await migrate(real);
  const observed = observe(real);
  const path = join(makeWorkspace(), 'issued');
  const marksFile = new MarksFile({path, model: dirname(path), maxModes: 10_000});
  const allocator = new Allocator(observed.store, {
    ...{firstIndex: 0n, requestTimeoutMs: 10_000, maxQueue: 10_000, marksFile},
  });
  // In the order of their claims, the newest last.
  const modes = Array.from({length: MODES}, (_, index) => `mode ${String(index).padStart(3, '0')}`);
  await Promise.all(modes.map((mode) => allocator.allocate(mode, 10n)));
  const watch = new MarkWatch(observed.store, allocator.guard, 0n);
  await watch.compareAll();
  onTestFinished(() => watch.stop());
  return {
    watch,
    observed,
    modes,
    moveBack: async (count) => {
      const names = modes.slice(0, count).map((mode) => `'${mode}'`);
      await database.execute(`UPDATE uniqueindex SET "index" = 5 WHERE id IN (${names.join(', ')})`);
    },
    countRaised: async () => (await real.readCounters(modes)).filter(({next}) => next === 10n).length,
  };
}

it('a comparison that fails in the middle is repeated, so that every counter is raised', async () => {
  const {watch, observed, moveBack, countRaised} = await makeWatched();
  watch.start();
  // Two, because the first may have begun before the one of the start.
  await watch.compareAll();
  await watch.compareAll();
  let hasFailed = false;
  // A comparison reads 500 modes, then the others.
  observed.beforeReading = (names) => {
    if (hasFailed || names.length !== MODES - 500) return Promise.resolve();
    hasFailed = true;
    return Promise.reject(new UniqueIDError('DATABASE_UNAVAILABLE', 'gone', {transient: true}));
  };
  await moveBack(MODES);
  await expect.poll(countRaised, {timeout: 10_000}).toBe(MODES);
  expect(hasFailed).toBe(true);
});

it('a comparison reads counters that changed while another one ran', async () => {
  const {watch, observed, moveBack, countRaised} = await makeWatched();
  let readings = 0;
  let second: Promise<void> | undefined;
  observed.beforeReading = async () => {
    if (++readings !== 2) return;
    await moveBack(MODES);
    second = watch.compareAll();
    expect(watch.compareAll()).toBe(second);
  };
  await watch.compareAll();
  await second;
  expect(await countRaised()).toBe(MODES);
  expect(readings).toBe(4);
});

it('all counters are compared after the database did not answer, not only those of the newest modes', async () => {
  const {watch, observed, moveBack, countRaised} = await makeWatched();
  watch.start();
  // Two, because the first may have begun before the one of the start.
  await watch.compareAll();
  await watch.compareAll();
  await moveBack(MODES - 500);
  let readings = 0;
  observed.beforeReading = () =>
    ++readings === 1
      ? Promise.reject(new UniqueIDError('DATABASE_UNAVAILABLE', 'gone', {transient: true}))
      : Promise.resolve();
  await expect.poll(countRaised, {timeout: 10_000}).toBe(MODES);
});

it('an outage during a comparison makes it void', async () => {
  const {watch, observed, moveBack, countRaised} = await makeWatched();
  watch.start();
  await watch.compareAll();
  await watch.compareAll();
  const outage = new UniqueIDError('DATABASE_UNAVAILABLE', 'gone', {transient: true});
  let goOn: (() => void) | undefined;
  let hasFailed = false;
  observed.beforeReading = async (names) => {
    if (goOn === undefined && names.length === MODES - 500) {
      await moveBack(MODES - 500);
      await new Promise<void>((resolve) => (goOn = resolve));
    } else if (goOn !== undefined && !hasFailed) {
      hasFailed = true;
      throw outage;
    }
  };
  const comparing = watch.compareAll();
  await expect.poll(() => hasFailed, {timeout: 10_000}).toBe(true);
  goOn?.();
  await comparing;
  await expect.poll(countRaised, {timeout: 10_000}).toBe(MODES);
});

it('a mode that the database cannot hold causes no comparison, and hides no regression', async () => {
  const {watch, observed, modes, moveBack, countRaised} = await makeWatched();
  watch.start();
  await watch.compareAll();
  await watch.compareAll();
  const unreadable = modes.at(-1) ?? '';
  let comparisons = 0;
  let refreshes = 0;
  observed.beforeReading = (names) => {
    if (names.length === MODES - 500) comparisons++;
    if (names.length === 1 && names[0] === unreadable) refreshes++;
    return names.includes(unreadable)
      ? Promise.reject(new UniqueIDError('INVALID_MODE', 'no such characters'))
      : Promise.resolve();
  };
  await expect.poll(() => refreshes, {timeout: 10_000}).toBeGreaterThan(1);
  expect(comparisons).toBe(0);
  await moveBack(MODES - 1);
  await expect.poll(countRaised, {timeout: 10_000}).toBe(MODES);
});
