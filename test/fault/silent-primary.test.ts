import {setTimeout as sleep} from 'node:timers/promises';
import {expect, it, onTestFinished} from 'vitest';
import {
  crash,
  freeze,
  promote,
  replicateSynchronously,
  startStandby,
} from '../helpers/databases/postgres-standby.js';
import {password, startPostgres, type PrivateServer} from '../helpers/databases/private-server.js';
import {makeWorkspace} from '../helpers/folders/workspace.js';
import {untilHealthIs} from '../helpers/network/health.js';
import {ask, rangeOf} from '../helpers/network/http.js';
import {startLoad, untilGiven} from '../helpers/network/load.js';
import {startServer, type RunningServer} from '../helpers/programs/cli.js';
import {flaws} from '../helpers/ranges.js';
import {needs} from '../helpers/run/needs.js';

/** Prints how long the servers were without service. */
const isMeasured = process.env['UNIQUEID_TEST_FAILOVERS'] !== undefined;

function report(what: string, milliseconds: number): void {
  if (isMeasured) process.stdout.write(`${what}: ${Math.round(milliseconds)} ms\n`);
}

interface Setup {
  readonly primary: PrivateServer;
  readonly standby: PrivateServer;
  readonly servers: readonly RunningServer[];
}

/** Starts a primary, a synchronous standby, and servers that name both. Other settings are the defaults. */
async function setUp(count: number, settings: Readonly<Record<string, string>> = {}): Promise<Setup> {
  const primary = await startPostgres();
  onTestFinished(() => primary.remove());
  const standby = await startStandby(primary);
  onTestFinished(() => standby.remove());
  await replicateSynchronously(primary);
  const hosts = `127.0.0.1:${primary.port},127.0.0.1:${standby.port}`;
  const PEEWEE_URL = `postgresql://tester:${encodeURIComponent(password)}@${hosts}/postgres`;
  const options = {cwd: makeWorkspace(), env: {PEEWEE_URL, ...settings}};
  const servers = [await startServer(['--sync'], options)];
  while (servers.length < count) servers.push(await startServer([], options));
  return {primary, standby, servers};
}

const failures = [
  {name: 'crashes', stop: crash},
  {
    name: 'freezes',
    stop: (primary: PrivateServer): Promise<void> => {
      freeze(primary);
      // A frozen server ends by SIGKILL alone.
      onTestFinished(() => crash(primary));
      return Promise.resolve();
    },
  },
] as const;

needs('postgresql').describe('several hosts of PostgreSQL', () => {
  it.each([
    ...failures.map((failure) => ({...failure, settings: {}})),
    // The longest limit of a request does not make it wait for a silent host.
    ...failures.map((failure) => ({...failure, settings: {UNIQUEID_REQUEST_TIMEOUT: '300'}})),
  ])('serve by themselves after the primary $name, with $settings', async ({name, stop, settings}) => {
    const {primary, standby, servers} = await setUp(2, settings);
    let goOn = true;
    const load = startLoad(servers, {modes: ['file'], clientsAServer: 4, goOn: () => goOn});
    await untilGiven(load);
    await stop(primary);
    await sleep(1500);
    await promote(standby);
    const recovery = await untilGiven(load);
    report(`a primary that ${name}: service back after the promotion`, recovery);
    goOn = false;
    await load.finished;
    expect(flaws(load.given.get('file') ?? []).overlaps).toEqual([]);
    // Two seconds are promised; half of request_timeout detects a server that waits for it.
    expect(recovery).toBeLessThan(5000);
  });

  it.each(failures)('are healthy again on an idle server after the primary $name', async ({name, stop}) => {
    const {primary, standby, servers} = await setUp(1);
    const [{url} = {url: ''}] = servers;
    await untilHealthIs(url, 200);
    await stop(primary);
    await untilHealthIs(url, 503);
    await sleep(1500);
    await promote(standby);
    const from = performance.now();
    await untilHealthIs(url, 200);
    report(`a primary that ${name}: healthy after the promotion`, performance.now() - from);
    expect(rangeOf(await ask(url, '/getid?range=5&mode=file')).start).toBe(0n);
  });

  it('are unhealthy on an idle server while commits wait for a standby, until it is promoted', async () => {
    const {standby, servers} = await setUp(1);
    const [{url} = {url: ''}] = servers;
    await untilHealthIs(url, 200);
    const pids = freeze(standby);
    onTestFinished(() => crash(standby));
    await untilHealthIs(url, 503);
    await sleep(3000);
    expect((await ask(url, '/health')).status).toBe(503);
    for (const pid of pids) process.kill(pid, 'SIGCONT');
    await promote(standby);
    const from = performance.now();
    await untilHealthIs(url, 200);
    report('a primary whose commits wait: healthy after the promotion', performance.now() - from);
  });
});
