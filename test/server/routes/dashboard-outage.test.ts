import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {describe, expect, it, onTestFinished} from 'vitest';
import {resolveConfig} from '../../../src/lib/config/resolve.js';
import {compose} from '../../../src/lib/server/compose.js';
import type {DashboardDocument} from '../../../src/lib/server/dashboard/document.js';
import {openStore} from '../../../src/lib/store/open.js';
import {migrate} from '../../../src/lib/store/schema/migrate.js';
import type {Counter, CounterPage} from '../../../src/lib/store/store.js';
import {withMethods} from '../../helpers/databases/observed-store.js';
import {lockDatabase, makeSqliteDatabase} from '../../helpers/databases/sqlite-database.js';
import {makeWorkspace} from '../../helpers/folders/workspace.js';
import {ask} from '../../helpers/network/http.js';
import {startServer} from '../../helpers/programs/cli.js';

const wait = {timeout: 30_000, interval: 300};

interface Watched {
  readonly url: string;
  readonly path: string;
  readonly read: () => Promise<DashboardDocument>;
  readonly state: () => Promise<string>;
}

async function watched(env: Record<string, string> = {}): Promise<Watched> {
  const cwd = makeWorkspace();
  const {url} = await startServer(['--sync'], {cwd, env});
  const read = async (): Promise<DashboardDocument> =>
    JSON.parse((await ask(url, '/dashboard.json')).body) as DashboardDocument;
  const state = async (): Promise<string> => (await read()).verdict.state;
  return {url, path: join(cwd, 'db.sqlite3'), read, state};
}

/** Begins an outage, which must be dated by itself and by nothing before. */
async function expectNewOutage({path, read, state}: Watched): Promise<void> {
  await sleep(1500);
  const before = Date.now();
  lockDatabase(path);
  await expect.poll(state, wait).toBe('unavailable');
  expect((await read()).verdict.since).toBeGreaterThanOrEqual(before);
}

describe('the beginning of an outage', () => {
  it('is not that of a failure which a check of the health has followed', async () => {
    const service = await watched({UNIQUEID_REQUEST_TIMEOUT: '1'});
    const {url, path, state} = service;
    await expect.poll(state, wait).toBe('healthy');
    const unlock = lockDatabase(path);
    expect((await ask(url, '/getid?mode=file&range=1')).status).toBe(503);
    await expect.poll(state, wait).toBe('unavailable');
    unlock();
    await expect.poll(state, wait).toBe('degraded');
    await expectNewOutage(service);
  });

  it('is not that of a quarantine', async () => {
    const service = await watched({UNIQUEID_ON_REGRESSION: 'stop'});
    const {url, path, state} = service;
    await ask(url, '/getid?mode=file&range=100');
    await makeSqliteDatabase(path).execute('UPDATE uniqueindex SET "index" = 7');
    expect((await ask(url, '/getid?mode=file&range=1')).status).toBe(503);
    await expect.poll(state, wait).toBe('degraded');
    await expectNewOutage(service);
  });
});

describe('the counters', () => {
  it('are read again soon after a reading that hung', async () => {
    const {settings} = resolveConfig({
      flags: {},
      env: {PEEWEE_URL: `sqlite:///${join(makeWorkspace(), 'db.sqlite3')}`},
    });
    const real = await openStore(settings.databaseUrl, {create: true});
    await migrate(real);
    let [readings, hangMs] = [0, 0];
    const counters = async (page?: CounterPage): Promise<readonly Counter[]> => {
      readings++;
      await sleep(hangMs);
      return real.counters(page);
    };
    const api = compose(settings, withMethods(real, {counters}), {failure: () => undefined});
    onTestFinished(async () => {
      await api.finish();
      await real.close();
    });
    const {dashboard} = api.routes;
    const readingsNow = async (): Promise<number> => {
      await dashboard?.json('');
      return readings;
    };
    await expect.poll(readingsNow, wait).toBeGreaterThan(1);
    hangMs = 1500;
    const before = readings;
    await expect.poll(readingsNow, wait).toBeGreaterThan(before);
    hangMs = 0;
    await expect.poll(readingsNow, {timeout: 20_000, interval: 300}).toBeGreaterThan(before + 2);
  });
});
