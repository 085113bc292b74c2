import {join} from 'node:path';
import {describe, expect, it, onTestFinished, vi} from 'vitest';
import {Allocator} from '../../../src/lib/allocation/allocator.js';
import {RegressionGuard} from '../../../src/lib/allocation/guard/regression-guard.js';
import {resolveConfig} from '../../../src/lib/config/resolve.js';
import {compose} from '../../../src/lib/server/compose.js';
import type {DashboardDocument} from '../../../src/lib/server/dashboard/document.js';
import type {DashboardPage} from '../../../src/lib/server/dashboard/page.js';
import {HighestCounters} from '../../../src/lib/server/observability/highest-counters.js';
import {ServiceStatus} from '../../../src/lib/server/routes/status.js';
import {openStore} from '../../../src/lib/store/open.js';
import {migrate} from '../../../src/lib/store/schema/migrate.js';
import type {Counter, CounterPage, Store} from '../../../src/lib/store/store.js';
import {cli, startServer} from '../../helpers/programs/cli.js';
import {ask} from '../../helpers/network/http.js';
import {withMethods} from '../../helpers/databases/observed-store.js';
import {makeSqliteDatabase} from '../../helpers/databases/sqlite-database.js';
import {makeWorkspace} from '../../helpers/folders/workspace.js';
import {claim} from '../../helpers/databases/claims.js';

interface Modes {
  readonly modes: readonly {readonly mode: string}[];
  readonly more: boolean;
}

const fill = async (path: string, name: string, count: number): Promise<void> => {
  await makeSqliteDatabase(path).execute(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
     INSERT INTO uniqueindex SELECT printf('${name}', i), i FROM n`,
  );
};

describe('reads of the database for /status', () => {
  it('run one at a time, are shared by equal requests, and never predate a request', async () => {
    const {settings} = resolveConfig({
      flags: {},
      env: {PEEWEE_URL: `sqlite:///${join(makeWorkspace(), 'db.sqlite3')}`},
    });
    const real = await openStore(settings.databaseUrl, {create: true});
    await migrate(real);
    let [now, most, wholeTable] = [0, 0, 0];
    const pages: CounterPage[] = [];
    const counters = async (page: CounterPage = {}): Promise<readonly Counter[]> => {
      pages.push(page);
      most = Math.max(most, ++now);
      const found = await real.counters(page);
      await new Promise((resolve) => setTimeout(resolve, 5));
      now--;
      return found;
    };
    const highestCounters = (limit: number): Promise<readonly Counter[]> => {
      wholeTable++;
      return real.highestCounters(limit);
    };
    const store = withMethods(real, {counters, highestCounters});
    const {allowedModes, createModes, maxModes} = settings;
    const allocator = new Allocator(store, {...settings, policy: {allowedModes, createModes, maxModes}});
    onTestFinished(async () => {
      await allocator.close();
      await real.close();
    });
    const status = new ServiceStatus(store, allocator, new HighestCounters(store));
    await Promise.all(Array.from({length: 1000}, (_, index) => status.answer(`limit=1&after=${index % 10}`)));
    expect({most, wholeTable, reads: pages.length}).toEqual({most: 1, wholeTable: 1, reads: 10});
    const before = status.answer('');
    await real.advance([claim('new', 1n)], 0n);
    const [, after] = await Promise.all([before, status.answer('')]);
    expect(after).toContain('"new"');
    const different = Array.from({length: 500}, (_, index) => status.answer(`after=${index}`));
    const outcomes = await Promise.allSettled(different);
    const rejected = outcomes.filter(({status: outcome}) => outcome === 'rejected');
    expect(rejected.length).toBeGreaterThan(300);
    expect(rejected[0]).toMatchObject({reason: {code: 'QUEUE_FULL', httpStatus: 503}});
    expect(JSON.parse(await status.answer(''))).toMatchObject({modes: [{mode: 'new'}]});
  });

  it('return pages of bounded size, which "status --server" joins', async () => {
    const cwd = makeWorkspace();
    await cli(['dbsync'], {cwd});
    await fill(join(cwd, 'db.sqlite3'), 'mode%06d', 2500);
    await fill(join(cwd, 'db.sqlite3'), 'x%0250d', 500);
    const {url} = await startServer([], {cwd});
    const page = async (query: string): Promise<Modes> =>
      JSON.parse((await ask(url, `/status?${query}`)).body) as Modes;
    expect((await page('')).modes).toHaveLength(100);
    expect((await page('limit=1000')).modes).toHaveLength(1000);
    expect((await ask(url, '/status?limit=1001')).status).toBe(400);
    const long = await page('after=w&limit=1000');
    expect(long.more).toBe(true);
    expect(JSON.stringify(long).length).toBeLessThan(200_000);
    const listed = async (...args: string[]): Promise<Modes> =>
      JSON.parse((await cli(['status', '--server', url, '--json', ...args], {cwd})).stdout) as Modes;
    const all = await listed('--limit', '100000');
    expect(new Set(all.modes.map(({mode}) => mode)).size).toBe(3000);
    expect(all).toMatchObject({more: false});
    const some = await listed('--limit', '2001', '--after', 'mode000001');
    expect(some.modes).toHaveLength(2001);
    expect(some.modes[0]?.mode).toBe('mode000002');
    expect(some.more).toBe(true);
    expect((await listed('--limit', '0')).modes).toEqual([]);
  });
});

/** Composes the API on a new database. */
async function composed(): Promise<{store: Store; dashboard: DashboardPage}> {
  const {settings} = resolveConfig({
    flags: {},
    env: {PEEWEE_URL: `sqlite:///${join(makeWorkspace(), 'db.sqlite3')}`},
  });
  const store = await openStore(settings.databaseUrl, {create: true});
  await migrate(store);
  const api = compose(settings, store, {failure: () => undefined});
  onTestFinished(async () => {
    await api.finish();
    await store.close();
  });
  const {dashboard} = api.routes;
  if (dashboard === undefined) throw new Error('The dashboard is off.');
  return {store, dashboard};
}

describe('looks at the modes for the dashboard', () => {
  it.each(['html', 'json'] as const)('are shared by all who ask for the same %s', async (form) => {
    const {dashboard} = await composed();
    const ask = (query: string): Promise<string> => dashboard[form](query);
    await ask('');
    const looks = vi.spyOn(RegressionGuard.prototype, 'regressions');
    onTestFinished(() => {
      looks.mockRestore();
    });
    await Promise.all(Array.from({length: 1000}, (_, index) => ask(`page=${1 + (index % 5)}`)));
    // Five queries, each once per second, and the checks of the health.
    expect(looks.mock.calls.length).toBeLessThan(50);
    const different = Array.from({length: 500}, (_, index) => ask(`page=${index + 1}`));
    const outcomes = await Promise.allSettled(different);
    const rejected = outcomes.filter(({status}) => status === 'rejected');
    expect(rejected.length).toBeGreaterThan(300);
    expect(rejected[0]).toMatchObject({reason: {code: 'QUEUE_FULL', httpStatus: 503}});
  });

  it('search the table once for all pages of a list', async () => {
    const {store, dashboard} = await composed();
    await store.advance(
      Array.from({length: 100}, (_, index) => claim(`m${String(index).padStart(3, '0')}`, 1n)),
      0n,
    );
    await dashboard.json('');
    const looks = vi.spyOn(RegressionGuard.prototype, 'isQuarantined');
    onTestFinished(() => {
      looks.mockRestore();
    });
    const pages = [1, 2, 3, 4, 5].map((page) => `sort=used&page=${page}`);
    const answers = await Promise.all(pages.map((query) => dashboard.json(query)));
    const rows = answers.flatMap((text) => (JSON.parse(text) as DashboardDocument).modes?.rows ?? []);
    expect(new Set(rows.map(({mode}) => mode)).size).toBe(100);
    // Once for each row, and once for each mode in a search, of which a slow machine makes a second one.
    expect(looks.mock.calls.length).toBeLessThanOrEqual(300);
  });
});
