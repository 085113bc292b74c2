import {setTimeout as sleep} from 'node:timers/promises';
import {expect, it} from 'vitest';
import {silentPort} from '../helpers/network/listening.js';
import {cli, startServer, type RunningServer} from '../helpers/programs/cli.js';
import {failureOf} from '../helpers/programs/screens.js';
import {untilHealthIs} from '../helpers/network/health.js';
import {ask, rangeOf} from '../helpers/network/http.js';
import {startLoad, untilGiven, type Load} from '../helpers/network/load.js';
import {needs} from '../helpers/run/needs.js';
import {
  clerkUrl,
  freeze,
  onMariadb,
  promoteReplica,
  startMariadbPrimary,
  startMariadbReplica,
} from '../helpers/databases/mariadb-replica.js';
import {password, type PrivateServer} from '../helpers/databases/private-server.js';
import {flaws} from '../helpers/ranges.js';
import {makeWorkspace} from '../helpers/folders/workspace.js';

/** Prints how long the servers were without service. */
const isMeasured = process.env['UNIQUEID_TEST_FAILOVERS'] !== undefined;

const modes = ['file', 'upload_job'];

/** A port of loopback without a listener. */
const CLOSED = 1;

interface Pair {
  readonly primary: PrivateServer;
  readonly replica: PrivateServer;
}

async function startPair(): Promise<Pair> {
  const primary = await startMariadbPrimary();
  return {primary, replica: await startMariadbReplica(primary)};
}

async function serve(url: string, count: number): Promise<RunningServer[]> {
  const options = {cwd: makeWorkspace(), env: {PEEWEE_URL: url}};
  const servers = [await startServer(['--sync'], options)];
  while (servers.length < count) servers.push(await startServer([], options));
  return servers;
}

function report(what: string, milliseconds: number): void {
  if (isMeasured) process.stdout.write(`${what}: ${Math.round(milliseconds)} ms\n`);
}

function expectNothingTwice({given}: Load): void {
  for (const mode of modes) {
    const ranges = given.get(mode) ?? [];
    expect(ranges.length).toBeGreaterThan(20);
    expect(flaws(ranges).overlaps).toEqual([]);
  }
}

/** Ways in which a primary stops serving. */
const failures = [
  {name: 'is killed', stop: (primary: PrivateServer) => primary.kill()},
  {name: 'freezes', stop: freeze},
  {
    name: 'is demoted',
    stop: (primary: PrivateServer) => onMariadb(primary, 'SET GLOBAL read_only = ON'),
  },
] as const;

needs('mariadb').describe('several hosts of MariaDB', () => {
  it('are tried in turn: replicas, closed and silent ports are skipped, also for a user who may write there', async () => {
    const {primary, replica} = await startPair();
    const silent = await silentPort();
    const url = clerkUrl(replica.port, CLOSED, silent, primary.port);
    const cwd = makeWorkspace();
    for (const PEEWEE_URL of [url, url.replace('clerk:secret', `tester:${encodeURIComponent(password)}`)]) {
      for (const args of [
        ['dbsync'],
        ['getid', '-m', 'file'],
        ['reset', '-m', 'file', '--at-least', '100', '--yes'],
        ['status'],
      ])
        expect(await cli(args, {cwd, env: {PEEWEE_URL}}), args.join(' ')).toMatchObject({status: 0});
    }
    await primary.kill();
    const env = {PEEWEE_URL: url, DATABASE_CONNECT_ATTEMPTS: '1'};
    const unreachable = await cli(['getid', '-m', 'file', '--json'], {cwd, env});
    expect(unreachable.status).toBe(4);
    const {code, message} = failureOf(unreachable);
    expect(code).toBe('DATABASE_UNAVAILABLE');
    for (const port of [replica.port, CLOSED, silent, primary.port])
      expect(message).toContain(`127.0.0.1:${port} `);
  });

  it.each(failures)(
    'serve again by themselves when the primary $name and a replica is promoted',
    async ({name, stop}) => {
      const {primary, replica} = await startPair();
      const servers = await serve(clerkUrl(primary.port, replica.port), 2);
      let goOn = true;
      const load = startLoad(servers, {modes, clientsAServer: 4, goOn: () => goOn});
      await untilGiven(load);
      await stop(primary);
      await sleep(1500);
      await promoteReplica(replica);
      const recovery = await untilGiven(load);
      report(`a primary that ${name}: service back after the promotion`, recovery);
      await sleep(300);
      goOn = false;
      await load.finished;
      expectNothingTwice(load);
      // Two seconds are promised; ten detect a server that waits for request_timeout, also on a slow machine.
      expect(recovery).toBeLessThan(10_000);
      for (const {url} of servers) await untilHealthIs(url, 200);
    },
  );

  it.each(failures)(
    'an idle server says so in /health when the primary $name, and a promotion ends it',
    async ({name, stop}) => {
      const {primary, replica} = await startPair();
      const [server] = await serve(clerkUrl(primary.port, replica.port), 1);
      const {url = ''} = server ?? {};
      await untilHealthIs(url, 200);
      await stop(primary);
      await untilHealthIs(url, 503);
      await sleep(1500);
      await promoteReplica(replica);
      const from = performance.now();
      await untilHealthIs(url, 200);
      report(`a primary that ${name}: healthy after the promotion`, performance.now() - from);
      expect(rangeOf(await ask(url, '/getid?range=5&mode=file')).start).toBe(0n);
    },
  );

  it('an idle server is unhealthy while commits wait for a replica, and a promotion ends that', async () => {
    const {primary, replica} = await startPair();
    const [server] = await serve(clerkUrl(primary.port, replica.port), 1);
    const {url = ''} = server ?? {};
    await untilHealthIs(url, 200);
    await onMariadb(replica, 'STOP SLAVE IO_THREAD');
    await untilHealthIs(url, 503);
    await sleep(3000);
    expect((await ask(url, '/health')).status).toBe(503);
    const env = {PEEWEE_URL: clerkUrl(primary.port)};
    const {stdout} = await cli(['status', '--json'], {cwd: makeWorkspace(), env});
    expect(JSON.parse(stdout)).toMatchObject({
      database: {warnings: [expect.stringContaining('rpl_semi_sync_master_enabled')]},
    });
    await promoteReplica(replica);
    const from = performance.now();
    await untilHealthIs(url, 200);
    report('a primary whose commits wait: healthy after the promotion', performance.now() - from);
    const sessions = await onMariadb(
      primary,
      `SELECT id FROM information_schema.processlist WHERE user = 'clerk'`,
    );
    report('sessions left on that primary', sessions.length);
  });

  it('status warns once the primary has stopped waiting for its replica', async () => {
    const {primary, replica} = await startPair();
    const cwd = makeWorkspace();
    const env = {PEEWEE_URL: clerkUrl(primary.port)};
    expect(await cli(['dbsync'], {cwd, env})).toMatchObject({status: 0});
    await onMariadb(primary, 'SET GLOBAL rpl_semi_sync_master_timeout = 100');
    await onMariadb(replica, 'STOP SLAVE IO_THREAD');
    // Its commit is the first one that waits in vain.
    expect(await cli(['getid', '-m', 'file'], {cwd, env})).toMatchObject({status: 0});
    const {stdout} = await cli(['status', '--json'], {cwd, env});
    expect(JSON.parse(stdout)).toMatchObject({
      database: {warnings: [expect.stringContaining('rpl_semi_sync_master_timeout')]},
    });
  });
});
