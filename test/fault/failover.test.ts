import {setTimeout as sleep} from 'node:timers/promises';
import {expect, it, onTestFinished} from 'vitest';
import {cli, startServer, type RunningServer} from '../helpers/programs/cli.js';
import {untilHealthIs} from '../helpers/network/health.js';
import {failureOf} from '../helpers/programs/screens.js';
import {ask, rangeOf} from '../helpers/network/http.js';
import {startLoad, untilGiven, type Load} from '../helpers/network/load.js';
import {needs} from '../helpers/run/needs.js';
import {
  crash,
  onServer,
  promote,
  replicateSynchronously,
  startStandby,
  untilStandbyIs,
  type StandbyOptions,
} from '../helpers/databases/postgres-standby.js';
import {password, startPostgres, type PrivateServer} from '../helpers/databases/private-server.js';
import {flaws} from '../helpers/ranges.js';
import {startProxy} from '../helpers/network/tcp-proxy.js';
import {makeWorkspace} from '../helpers/folders/workspace.js';

/** A long run raises this. */
const FAILOVERS = Number(process.env['UNIQUEID_TEST_FAILOVERS'] ?? 1);

const SERVERS = 2;
const modes = ['file', 'upload_job'];

/** Time limit of a request, in seconds. */
const REQUEST_TIMEOUT = '2';

async function startPrimary(): Promise<PrivateServer> {
  const primary = await startPostgres();
  onTestFinished(() => primary.remove());
  return primary;
}

async function addStandby(primary: PrivateServer, options?: StandbyOptions): Promise<PrivateServer> {
  const standby = await startStandby(primary, options);
  onTestFinished(() => standby.remove());
  return standby;
}

/** Returns one URL with all servers, in this order. */
function urlOf(...servers: readonly PrivateServer[]): string {
  const hosts = servers.map(({port}) => `127.0.0.1:${port}`).join(',');
  return `postgresql://tester:${encodeURIComponent(password)}@${hosts}/postgres`;
}

interface Fleet {
  readonly servers: readonly RunningServer[];
  readonly load: Load;
  readonly stop: () => Promise<void>;
  readonly run: (...args: readonly string[]) => ReturnType<typeof cli>;
  readonly join: () => Promise<RunningServer>;
}

/** Starts servers on one URL, under load until `stop` is called. */
async function startFleet(url: string): Promise<Fleet> {
  const options = {cwd: makeWorkspace(), env: {PEEWEE_URL: url, UNIQUEID_REQUEST_TIMEOUT: REQUEST_TIMEOUT}};
  const servers = [await startServer(['--sync'], options)];
  while (servers.length < SERVERS) servers.push(await startServer([], options));
  let goOn = true;
  const load = startLoad(servers, {modes, clientsAServer: 8, goOn: () => goOn});
  return {
    servers,
    load,
    stop: async () => {
      goOn = false;
      await load.finished;
    },
    run: (...args) => cli(args, options),
    join: () => startServer([], options),
  };
}

function expectNothingTwice({given}: Load): void {
  for (const mode of modes) {
    const ranges = given.get(mode) ?? [];
    expect(ranges.length).toBeGreaterThan(50);
    expect(flaws(ranges).overlaps).toEqual([]);
  }
}

/** Sends requests until one succeeds, and returns its first integer. */
async function takeAtLast({url}: RunningServer): Promise<bigint> {
  for (let turn = 0; turn < 10; turn++) {
    const answer = await ask(url, '/getid?range=5&mode=file');
    if (answer.status === 200) return rangeOf(answer).start;
  }
  throw new Error('the service did not come back');
}

/** Creates a user with only the rights that UniqueID needs, and returns its URL. */
async function addClerk(server: PrivateServer): Promise<string> {
  await onServer(
    server,
    'CREATE ROLE clerk LOGIN PASSWORD $$secret$$',
    'GRANT SELECT ON uniqueindex, uniqueindexsystem TO clerk',
  );
  return `postgresql://clerk:secret@127.0.0.1:${server.port}/postgres`;
}

/** Returns how many counters a server has raised. */
async function raisedCounters(url: string): Promise<number> {
  const {body} = await ask(url, '/metrics');
  return Number(/^uniqueid_regressions_total\{outcome="raised"\} (\d+)$/m.exec(body)?.[1] ?? 0);
}

/** Returns how a commit is made durable, and the warnings, as `status` shows them. */
async function durabilityOf({run}: Fleet, ...args: readonly string[]): Promise<Durability> {
  const {stdout} = await run('status', '--json', ...args);
  return (JSON.parse(stdout) as {database: Durability}).database;
}

interface Durability {
  readonly durability: string;
  readonly warnings: readonly string[];
}

needs('postgresql').describe('PostgreSQL failover', () => {
  it('with a synchronous standby issues no integer twice, and service resumes by itself', async () => {
    let primary = await startPrimary();
    let standby = await addStandby(primary);
    await replicateSynchronously(primary);
    const fleet = await startFleet(urlOf(primary, standby));
    const {load, stop, join} = fleet;
    const asClerk = await addClerk(primary);
    for (const args of [[], ['--database', asClerk]])
      expect(await durabilityOf(fleet, ...args)).toMatchObject({
        durability: expect.stringContaining('synchronous_standby_names=standby') as string,
        warnings: [],
      });
    const recoveries: number[] = [];
    for (let failover = 1; ; failover++) {
      await sleep(500);
      await crash(primary);
      await promote(standby);
      recoveries.push(await untilGiven(load));
      if (failover === FAILOVERS) break;
      // The crashed machine returns as the standby of the new primary.
      const {port} = primary;
      primary = standby;
      standby = await addStandby(primary, {port});
      await replicateSynchronously(primary);
    }
    await sleep(300);
    await stop();
    expectNothingTwice(load);
    // The goal is one second; ten detect a server that never recovers, also on a slow machine.
    expect(Math.max(...recoveries)).toBeLessThan(10_000);
    if (process.env['UNIQUEID_TEST_FAILOVERS'] !== undefined) {
      const sorted = recoveries.sort((a, b) => a - b).map(Math.round);
      process.stdout.write(
        `${FAILOVERS} failovers: service back ${sorted[Math.floor(FAILOVERS / 2)]} ms after the promotion (median), ${sorted.at(-1)} ms (most)\n`,
      );
    }

    // The old primary restarts as a primary. It has no standby, so none of its commits is confirmed. A
    // server that finds it first in the URL connects to the next one.
    await primary.restart();
    const late = await join();
    const {next} = flaws(load.given.get('file') ?? []);
    expect(await takeAtLast(late)).toBeGreaterThanOrEqual(next);
  }, 600_000);

  it('skips a standby that the URL names first, and reports that all hosts are unreachable', async () => {
    const primary = await startPrimary();
    const standby = await addStandby(primary);
    const cwd = makeWorkspace();
    const env = {PEEWEE_URL: urlOf(standby, primary), DATABASE_CONNECT_ATTEMPTS: '1'};
    const run = (...args: string[]): ReturnType<typeof cli> => cli(args, {cwd, env});
    for (const args of [
      ['dbsync'],
      ['getid', '-m', 'file'],
      ['reset', '-m', 'file', '--to', '100', '--yes'],
      ['status'],
    ])
      expect((await run(...args)).status).toBe(0);
    await primary.kill();
    await standby.kill();
    const unreachable = await run('getid', '-m', 'file', '--json');
    expect(unreachable.status).toBe(4);
    expect(failureOf(unreachable).code).toBe('DATABASE_UNAVAILABLE');
  });

  it('with a synchronous standby does not answer a commit whose wait for it an administrator cancels', async () => {
    const primary = await startPrimary();
    const standby = await addStandby(primary);
    await replicateSynchronously(primary);
    const options = {
      cwd: makeWorkspace(),
      env: {PEEWEE_URL: urlOf(primary, standby), UNIQUEID_REQUEST_TIMEOUT: REQUEST_TIMEOUT},
    };
    const server = await startServer(['--sync'], options);
    expect(rangeOf(await ask(server.url, '/getid?range=10&mode=file'))).toEqual({start: 0n, end: 9n});
    await standby.kill();
    const answer = ask(server.url, '/getid?range=5&mode=file');
    const cancel = `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'`;
    while ((await onServer(primary, cancel)).length === 0) await sleep(20);
    expect((await answer).status).toBe(503);
    await crash(primary);
    await standby.restart();
    await promote(standby);
    // The server may have read the counter of the cancelled commits, and then skips their integers.
    expect(await takeAtLast(server)).toBeGreaterThanOrEqual(10n);
  });

  it('with an asynchronous standby shows a warning before, and raises the lost counters after', async () => {
    const primary = await startPrimary();
    const proxy = await startProxy(primary.port);
    const standby = await addStandby(primary, {through: proxy.port});
    await untilStandbyIs(primary, 'async');
    const fleet = await startFleet(urlOf(primary, standby));
    const {servers, load, stop, join} = fleet;
    const asClerk = await addClerk(primary);
    for (const args of [[], ['--database', asClerk]])
      expect((await durabilityOf(fleet, ...args)).warnings).toEqual([
        expect.stringContaining('synchronous_standby_names'),
      ]);

    await untilGiven(load);
    proxy.hold();
    await sleep(500);
    await crash(primary);
    proxy.cut();
    await promote(standby);
    await untilGiven(load);
    await stop();
    expectNothingTwice(load);

    const {next} = flaws(load.given.get('file') ?? []);
    // A server that starts later reads the same high-water marks.
    const late = await join();
    for (const server of [...servers, late]) expect(await takeAtLast(server)).toBeGreaterThanOrEqual(next);
    const raised = await Promise.all(servers.map(({url}) => raisedCounters(url)));
    expect(Math.max(...raised)).toBeGreaterThan(0);
    for (const {url} of servers) await untilHealthIs(url, 200);
  });
});
