import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {expect, it} from 'vitest';
import {cli, startServer} from '../helpers/programs/cli.js';
import {ask, keepAlive, rangeOf} from '../helpers/network/http.js';
import {needs} from '../helpers/run/needs.js';
import {flaws, type Given} from '../helpers/ranges.js';
import {makeWorkspace, root} from '../helpers/folders/workspace.js';

/** Makes the given number of allocations and prints one line for each. */
const program = join(root, 'test', 'helpers', 'programs', 'allocate.js');

async function allocateInProcess(
  path: string,
  allocations: number,
): Promise<{given: Given[]; stderr: string}> {
  const child = spawn(process.execPath, [program, path, String(allocations)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  await once(child, 'close');
  const lines = stdout.split('\n').filter((line) => line !== '');
  return {
    stderr,
    given: lines.map((line) => {
      const [start = '', end = ''] = line.split(' ');
      return {start: BigInt(start), end: BigInt(end)};
    }),
  };
}

it('8 processes with 500 allocations each on one file cause no overlap, no gap and no error', async () => {
  const cwd = makeWorkspace();
  await cli(['dbsync'], {cwd});
  const path = join(cwd, 'db.sqlite3');
  const processes = await Promise.all(Array.from({length: 8}, () => allocateInProcess(path, 500)));
  for (const {stderr, given} of processes) {
    expect(stderr).toBe('');
    expect(given).toHaveLength(500);
  }
  const all = processes.flatMap(({given}) => given);
  const {next, ...rest} = flaws(all);
  expect(rest).toEqual({overlaps: [], gaps: []});
  expect((await cli(['getid', '-m', 'file', '--format', 'plain'], {cwd})).stdout).toBe(`${next} ${next}\n`);
});

it('16 simultaneous getid cause no overlap, no gap and no error', async () => {
  const cwd = makeWorkspace();
  await cli(['dbsync'], {cwd});
  const commands = await Promise.all(
    Array.from({length: 16}, () => cli(['getid', '-m', 'file', '-r', '7', '--format', 'plain'], {cwd})),
  );
  const given = commands.map(({status, stdout, stderr}) => {
    expect({status, stderr}).toEqual({status: 0, stderr: ''});
    const [start = '', end = ''] = stdout.trim().split(' ');
    return {start: BigInt(start), end: BigInt(end)};
  });
  expect(flaws(given)).toEqual({overlaps: [], gaps: [], next: 112n});
});

it('serve issues no answered range again after 50 kills under load', async () => {
  const cwd = makeWorkspace();
  await cli(['dbsync'], {cwd});
  const given: Given[] = [];
  for (let kill = 0; kill < 50; kill++) {
    const server = await startServer([], {cwd});
    const agent = keepAlive(8);
    const before = given.length;
    const clients = Array.from({length: 8}, async () => {
      try {
        for (;;) given.push(rangeOf(await ask(server.url, '/getid?range=3&mode=file', {agent})));
      } catch {
        // The server was killed, and this request has no known result.
      }
    });
    while (given.length < before + 20) await sleep(1);
    await sleep(Math.random() * 20);
    server.process.kill('SIGKILL');
    await Promise.all(clients);
    agent.destroy();
    await server.finished;
  }
  expect(given.length).toBeGreaterThan(1000);
  expect(flaws(given).overlaps).toEqual([]);
}, 600_000);

it('two servers on one file give higher integers to later requests', async () => {
  const cwd = makeWorkspace();
  const servers = [await startServer(['--sync'], {cwd}), await startServer([], {cwd})];
  let last = -1n;
  for (let turn = 0; turn < 200; turn++) {
    const {start, end} = rangeOf(await ask(servers[turn % 2]?.url ?? '', '/getid?range=2&mode=file'));
    expect(start).toBe(last + 1n);
    last = end;
  }
});

needs('strace').it('SQLite syncs every commit', async () => {
  const cwd = makeWorkspace();
  await cli(['dbsync'], {cwd});
  const traced = spawn(
    'strace',
    ['-f', '-c', '-e', 'trace=fsync,fdatasync', process.execPath, program, join(cwd, 'db.sqlite3'), '100'],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let report = '';
  traced.stderr.setEncoding('utf8').on('data', (text: string) => (report += text));
  await once(traced, 'close');
  // The allocations are sequential, so each one is a commit with its own sync.
  const syncs = [...report.matchAll(/^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?f(?:data)?sync$/gm)];
  expect(syncs.reduce((sum, [, calls]) => sum + Number(calls), 0)).toBeGreaterThanOrEqual(100);
});
