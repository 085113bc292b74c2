import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {expect, it} from 'vitest';
import {
  cli,
  startProgram,
  startServer,
  type RunningCommand,
  type RunningServer,
} from '../helpers/programs/cli.js';
import {ask, askRaw, keepAlive, rangeOf, type Answer} from '../helpers/network/http.js';
import {needs} from '../helpers/run/needs.js';
import {blocksOf} from '../helpers/programs/page.js';
import {makePostgresDatabase} from '../helpers/databases/postgres-database.js';
import {freePort} from '../helpers/databases/private-server.js';
import {flaws, type Given} from '../helpers/ranges.js';
import {makeWorkspace, root} from '../helpers/folders/workspace.js';

const page = readFileSync(join(root, 'docs', 'operate', 'high-availability.md'), 'utf8');

interface Balanced {
  readonly url: string;
  readonly haproxy: RunningCommand;
  readonly servers: RunningServer[];
  /** Restarts a server on its port. */
  readonly start: (index: number) => Promise<RunningServer>;
}

/** Starts HAProxy with the configuration of the page, in front of two services on one database. */
async function startBalanced(): Promise<Balanced> {
  const [configuration = ''] = blocksOf(page, 'haproxy');
  const {url: database} = await makePostgresDatabase();
  const cwd = makeWorkspace();
  await cli(['dbsync', '--database', database], {cwd});
  const [bind, one, two] = [await freePort(), await freePort(), await freePort()];
  const ports = [one, two];
  const start = (index: number): Promise<RunningServer> =>
    startServer(['--port', String(ports[index]), '--database', database], {cwd});
  const servers = [await start(0), await start(1)];
  const file = join(cwd, 'haproxy.cfg');
  writeFileSync(
    file,
    configuration
      .replace('bind :8051', `bind 127.0.0.1:${bind}`)
      .replace('ids1.example:8051', `127.0.0.1:${one}`)
      .replace('ids2.example:8051', `127.0.0.1:${two}`),
  );
  const path = `${process.env['PATH'] ?? ''}:/usr/sbin`;
  const haproxy = startProgram('haproxy', ['-db', '-f', file], {cwd, env: {PATH: path}});
  const url = `http://127.0.0.1:${bind}`;
  while (!(await isServed(url))) {
    if (haproxy.process.exitCode !== null) throw new Error(haproxy.stderr());
    await sleep(20);
  }
  return {url, haproxy, servers, start};
}

const isServed = (url: string): Promise<boolean> =>
  ask(url, '/health').then(
    ({status}) => status === 200,
    () => false,
  );

/** Waits until HAProxy has sent a request to this server. */
async function untilAsked({url}: RunningServer): Promise<void> {
  while (!(await ask(url, '/metrics')).body.includes('uniqueid_allocations_total{')) await sleep(20);
}

/** Sends requests without a pause, on kept and on new connections, until `isOver` returns true. */
function load(url: string, given: Given[], failed: string[], isOver: () => boolean): Promise<unknown> {
  const client = async (method: string, isKept: boolean): Promise<void> => {
    const agent = isKept ? keepAlive(1) : false;
    while (!isOver()) {
      const answer = await ask(url, '/getid?mode=file&range=3', {agent, method}).catch(
        (error: unknown): Answer => ({status: 0, headers: {}, body: String(error)}),
      );
      if (answer.status === 200) given.push(rangeOf(answer));
      else failed.push(`${method} ${isKept}: ${answer.status} ${answer.body}`);
      if (!isKept) await sleep(5);
    }
    if (agent !== false) agent.destroy();
  };
  const kinds = ['GET', 'POST'].flatMap((method) => [true, false].map((isKept) => [method, isKept] as const));
  return Promise.all([...kinds, ...kinds].map(([method, isKept]) => client(method, isKept)));
}

needs('postgresql', 'haproxy').describe('HAProxy with the configuration of the page', () => {
  it('loses no request while each server is restarted in turn', async () => {
    const {url, servers, start} = await startBalanced();
    const given: Given[] = [];
    const failed: string[] = [];
    let isOver = false;
    const asking = load(url, given, failed, () => isOver);
    for (const index of [0, 1, 0, 1]) {
      await Promise.all(servers.map((server) => untilAsked(server)));
      servers[index]?.process.kill('SIGTERM');
      expect((await servers[index]?.finished)?.status).toBe(0);
      servers[index] = await start(index);
    }
    await Promise.all(servers.map((server) => untilAsked(server)));
    isOver = true;
    await asking;
    if (process.env['UNIQUEID_TEST_FIGURES'] !== undefined)
      process.stdout.write(`${given.length} answers, ${failed.length} failures\n`);
    expect(failed).toEqual([]);
    expect(flaws(given)).toMatchObject({overlaps: [], gaps: [], next: BigInt(3 * given.length)});
  }, 180_000);

  it('sends requests to the other server after one was killed', async () => {
    const {url, servers} = await startBalanced();
    await Promise.all([ask(url, '/getid?mode=file&range=1'), ask(url, '/getid?mode=file&range=1')]);
    servers[0]?.process.kill('SIGKILL');
    await servers[0]?.finished;
    for (let turn = 0; turn < 10; turn++)
      expect((await ask(url, '/getid?mode=file&range=1')).status).toBe(200);
  });
});

it('the service answers the PROXY protocol with 400', async () => {
  const {url} = await startServer(['--sync'], {cwd: makeWorkspace()});
  const preface = 'PROXY TCP4 127.0.0.1 127.0.0.1 4711 8051\r\n';
  expect(
    await askRaw(url, `${preface}GET /getid?mode=file&range=1 HTTP/1.1\r\nHost: localhost\r\n\r\n`),
  ).toMatch(/^HTTP\/1\.1 400 /);
  const binary = Buffer.from(
    '\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x7f\0\0\x01\x7f\0\0\x01\x12\x67\x1f\x73',
    'latin1',
  );
  expect(await askRaw(url, binary)).toMatch(/^HTTP\/1\.1 400 /);
  expect((await ask(url, '/getid?mode=file&range=1')).body).toContain('"startIndex": 0');
});
