import {expect, it} from 'vitest';
import {join} from 'node:path';
import {startServer, type RunningServer} from '../helpers/programs/cli.js';
import {ask} from '../helpers/network/http.js';
import {keepAliveClient} from '../helpers/network/keep-alive-client.js';
import {memoryOf} from '../helpers/programs/memory.js';
import {makeSqliteDatabase} from '../helpers/databases/sqlite-database.js';
import {makeWorkspace} from '../helpers/folders/workspace.js';

/** A long run raises it; the notes of the release show the figures of a million. */
const REQUESTS = Number(process.env['UNIQUEID_TEST_NEW_MODES'] ?? 20_000);
const MOST_MODES = 4000;
const CLIENTS = 64;

/** The number of modes in all requests so far. */
let asked = 0;

/** Requests one new mode after the other; returns the number of answers per status. */
async function askForNewModes(
  servers: readonly RunningServer[],
  requests: number,
): Promise<Map<string, number>> {
  const statuses = new Map<string, number>();
  const end = asked + requests;
  const stranger = async (server: RunningServer | undefined): Promise<void> => {
    const client = keepAliveClient(server?.url ?? '');
    while (asked < end) {
      const answer = await client.ask(`/getid?range=1&mode=stranger${asked++}`);
      const status = /^HTTP\/1\.1 ([0-9]+)/.exec(answer ?? '')?.[1] ?? 'none';
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
    client.socket.destroy();
  };
  await Promise.all(Array.from({length: CLIENTS}, (_, index) => stranger(servers[index % servers.length])));
  return statuses;
}

const rowsOf = async (cwd: string): Promise<number> => {
  const [[count] = []] = await makeSqliteDatabase(join(cwd, 'db.sqlite3')).query(
    'SELECT COUNT(*) FROM uniqueindex',
  );
  return Number(count);
};

const seriesOf = async ({url}: RunningServer): Promise<number> =>
  (await ask(url, '/metrics')).body.split('\n').filter((line) => line.startsWith('uniqueid_')).length;

it(`a client that requests ${REQUESTS} new modes gets max_modes of them, and nothing grows`, async () => {
  const cwd = makeWorkspace();
  const server = await startServer(['--sync'], {cwd, env: {UNIQUEID_MAX_MODES: String(MOST_MODES)}});
  expect((await ask(server.url, '/getid?range=1&mode=mine')).status).toBe(200);
  await askForNewModes([server], MOST_MODES * 3);
  // This metric appears with the second request for the metrics.
  await expect
    .poll(async () => (await ask(server.url, '/metrics')).body)
    .toContain('uniqueid_smallest_remaining_share ');
  const [series, lines] = [await seriesOf(server), server.stderr().length];
  const before = process.platform === 'linux' ? memoryOf(server.process.pid).now : 0;
  const started = performance.now();
  expect([...(await askForNewModes([server], REQUESTS))]).toEqual([['403', expect.any(Number)]]);
  const took = (performance.now() - started) / 1000;
  expect(await rowsOf(cwd)).toBe(MOST_MODES);
  expect(await seriesOf(server)).toBe(series);
  expect(server.stderr()).toHaveLength(lines);
  expect((await ask(server.url, '/getid?range=1&mode=mine')).status).toBe(200);
  if (process.platform !== 'linux') return;
  const {now, peak} = memoryOf(server.process.pid);
  expect(peak).toBeLessThan(300);
  if (process.env['UNIQUEID_TEST_NEW_MODES'] !== undefined)
    process.stdout.write(
      `${REQUESTS} new modes in ${took.toFixed()} s: ${before.toFixed()} MB before, ${now.toFixed()} MB after, ${peak.toFixed()} MB at most\n`,
    );
}, 1_200_000);

it('four servers on one database exceed max_modes by at most the modes that they create simultaneously', async () => {
  const cwd = makeWorkspace();
  const env = {UNIQUEID_MAX_MODES: String(MOST_MODES)};
  const servers = [await startServer(['--sync'], {cwd, env})];
  while (servers.length < 4) servers.push(await startServer([], {cwd, env}));
  await askForNewModes(servers, MOST_MODES * 3);
  const rows = await rowsOf(cwd);
  if (process.env['UNIQUEID_TEST_FIGURES'] !== undefined)
    process.stdout.write(`${rows} modes of ${MOST_MODES}\n`);
  expect(rows).toBeGreaterThanOrEqual(MOST_MODES);
  // Each of the others may have had one running batch, with one request per client.
  expect(rows).toBeLessThanOrEqual(MOST_MODES + (CLIENTS * 3) / 4);
  await askForNewModes(servers, MOST_MODES);
  expect(await rowsOf(cwd)).toBe(rows);
});
