import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {join} from 'node:path';
import {expect, it, onTestFinished} from 'vitest';
import {startServer} from '../helpers/programs/cli.js';
import {ask, keepAlive, rangeOf} from '../helpers/network/http.js';
import {memoryOf} from '../helpers/programs/memory.js';
import {flaws, type Given} from '../helpers/ranges.js';
import {makeWorkspace, root} from '../helpers/folders/workspace.js';
import {abuses} from '../helpers/network/abuses.js';

/**
 * Runs hostile clients in their own process, so that they slow down the server alone; resolves at their end.
 */
function startHostile(
  url: string,
  milliseconds: number,
  clients: number,
  kinds: readonly string[],
): Promise<unknown> {
  const program = join(root, 'test', 'helpers', 'network', 'hostile.ts');
  const args = ['--import', 'tsx', program, url, String(milliseconds), String(clients), ...kinds];
  const child = spawn(process.execPath, args, {cwd: root, stdio: ['ignore', 'ignore', 'inherit']});
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return once(child, 'exit');
}

const all = Object.keys(abuses);

it.each([
  ['one byte at a time', all.filter((kind) => kind.endsWith('at a time'))],
  ['endless headers and bodies', all.filter((kind) => /megabyte|100 MB/.test(kind))],
  ['answers that the client does not read', all.filter((kind) => /half|first answer|never read/.test(kind))],
  ['resets and nonsense', all.filter((kind) => /reset|else|not HTTP/.test(kind))],
  ['all of these together', all],
])('hostile clients do not harm other clients: %s', async (name, kinds) => {
  expect(kinds).not.toEqual([]);
  const server = await startServer(['--sync'], {cwd: makeWorkspace()});
  const over = new AbortController();
  void startHostile(server.url, 3000, 4, kinds).then(() => {
    over.abort();
  });
  const agent = keepAlive(1);
  onTestFinished(() => {
    agent.destroy();
  });
  const given: Given[] = [];
  while (!over.signal.aborted)
    given.push(rangeOf(await ask(server.url, '/getid?range=2&mode=file', {agent})));
  expect(flaws(given)).toEqual({overlaps: [], gaps: [], next: BigInt(2 * given.length)});
  expect((await ask(server.url, '/health')).status).toBe(200);
  if (process.platform === 'linux') {
    const {peak, now} = memoryOf(server.process.pid);
    expect(peak).toBeLessThan(400);
    if (process.env['UNIQUEID_TEST_FIGURES'] !== undefined)
      process.stdout.write(
        `${name}: ${given.length} answers, at most ${peak.toFixed()} MB, ${now.toFixed()} MB now\n`,
      );
  }
  // No record of an unexpected error.
  expect(server.stderr()).not.toContain('UNEXPECTED');
  server.process.kill('SIGTERM');
  expect(await server.finished).toMatchObject({status: 0, signal: null});
});
