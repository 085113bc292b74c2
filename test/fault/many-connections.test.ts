import {existsSync, readFileSync, renameSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {describe, expect, it, onTestFinished} from 'vitest';
import {startServer, waitFor} from '../helpers/programs/cli.js';
import {ask, rangeOf} from '../helpers/network/http.js';
import {keepAliveClient, type KeepAliveClient} from '../helpers/network/keep-alive-client.js';
import {memoryOf} from '../helpers/programs/memory.js';
import {flaws, type Given} from '../helpers/ranges.js';
import {makeWorkspace} from '../helpers/folders/workspace.js';

const IDLE = 10_000;
const ACTIVE = 1000;
const REQUESTS_A_CLIENT = 5;

/** Opens connections with one request each, in groups, because the system queues few new connections. */
async function connectMany(url: string, count: number): Promise<KeepAliveClient[]> {
  const clients: KeepAliveClient[] = [];
  onTestFinished(() => {
    // A reset frees the port immediately.
    for (const {socket} of clients) socket.resetAndDestroy();
  });
  while (clients.length < count) {
    const more = Array.from({length: Math.min(200, count - clients.length)}, () => keepAliveClient(url));
    clients.push(...more);
    const answers = await Promise.all(more.map((client) => client.ask('/getid?range=1&mode=idle')));
    expect(answers.filter((answer) => answer?.startsWith('HTTP/1.1 200 ') !== true)).toEqual([]);
  }
  return clients;
}

function givenBy(answer: string | undefined): Given {
  const [head = '', body = ''] = (answer ?? '').split('\r\n\r\n');
  return rangeOf({status: Number(head.split(' ')[1]), headers: {}, body});
}

describe.runIf(process.platform === 'linux')('a server', () => {
  it('with 10,000 idle connections and 1,000 active ones continues to serve in 400 MB', async () => {
    const server = await startServer(['--sync'], {cwd: makeWorkspace(), env: {UNIQUEID_IDLE_TIMEOUT: '600'}});
    const {pid} = server.process;
    const idle = await connectMany(server.url, IDLE);
    const active = await connectMany(server.url, ACTIVE);
    const given: Given[] = [];
    await Promise.all(
      active.map(async (client) => {
        for (let turn = 0; turn < REQUESTS_A_CLIENT; turn++)
          given.push(givenBy(await client.ask('/getid?range=3&mode=active')));
      }),
    );
    expect(flaws(given)).toEqual({
      overlaps: [],
      gaps: [],
      next: BigInt(3 * ACTIVE * REQUESTS_A_CLIENT),
    });
    expect((await ask(server.url, '/getid?range=1&mode=new')).status).toBe(200);
    expect((await ask(server.url, '/metrics')).body).toContain(
      'uniqueid_allocations_total{mode="idle"} 11000',
    );
    const sample = idle.filter((_, index) => index % 100 === 0);
    const answers = await Promise.all(sample.map((client) => client.ask('/getid?range=1&mode=idle')));
    expect(answers.map((answer) => givenBy(answer)).length).toBe(sample.length);
    const {peak} = memoryOf(pid);
    expect(peak).toBeLessThan(400);
    for (const {socket} of [...idle, ...active]) socket.resetAndDestroy();
    expect((await ask(server.url, '/health')).status).toBe(200);
    if (process.env['UNIQUEID_TEST_FIGURES'] !== undefined) {
      await sleep(2000);
      process.stdout.write(
        `${IDLE + ACTIVE} connections: at most ${peak.toFixed()} MB, ${memoryOf(pid).now.toFixed()} MB afterwards\n`,
      );
    }
  }, 180_000);

  it('that may open few files logs a warning, closes excess connections, and keeps descriptors for itself', async () => {
    const cwd = makeWorkspace();
    const log = join(cwd, 'error.log');
    const server = await startServer(['--sync'], {cwd, descriptors: 200, env: {UNIQUEID_ERROR_FILE: log}});
    // A warning that names the setting and the limit of the process.
    const isWarned = (): boolean =>
      /"level":"warn",.*\bmax_connections\b.*\b200\b/.test(readFileSync(log, 'utf8'));
    await waitFor(() => (isWarned() ? true : undefined), server);
    const clients = Array.from({length: 300}, () => keepAliveClient(server.url));
    onTestFinished(() => {
      for (const {socket} of clients) socket.destroy();
    });
    const askAll = async (): Promise<number> => {
      const answers = await Promise.all(clients.map((client) => client.ask('/getid?range=1&mode=file')));
      return answers.filter((answer) => answer !== undefined).length;
    };
    expect(await askAll()).toBe(136);
    renameSync(log, `${log}.1`);
    server.process.kill('SIGHUP');
    await waitFor(() => (existsSync(log) ? true : undefined), server);
    expect(await askAll()).toBe(136);
    for (const {socket} of clients) socket.destroy();
    // The server must first notice that they are closed.
    const late = async (): Promise<number | undefined> =>
      ask(server.url, '/').then(
        ({status}) => status,
        () => undefined,
      );
    while ((await late()) === undefined) await sleep(20);
    expect(await late()).toBe(200);
  });
});
