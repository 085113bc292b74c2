import {spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {setTimeout as sleep} from 'node:timers/promises';
import {freePort} from '../test/helpers/databases/private-server.js';

/**
 * Measures how many INCRBY per second Redis commits to disk, each synced before the answer (`appendfsync
 * always`).
 *
 * @returns `undefined` if Redis is not installed
 */
export async function redisRate(
  folder: string,
  connections: number,
  requests: number,
): Promise<number | undefined> {
  if (spawnSync('redis-server', ['--version']).error !== undefined) return undefined;
  const port = String(await freePort());
  const settings = [
    '--port',
    port,
    '--bind',
    '127.0.0.1',
    '--appendonly',
    'yes',
    '--appendfsync',
    'always',
    '--save',
    '',
  ];
  const server = spawn('redis-server', settings, {cwd: folder, stdio: 'ignore'});
  try {
    while (spawnSync('redis-cli', ['-p', port, 'ping']).status !== 0) await sleep(50);
    const {stdout} = spawnSync(
      'redis-benchmark',
      ['-p', port, '-c', String(connections), '-n', String(requests), '--csv', 'INCRBY', 'file', '10'],
      {encoding: 'utf8'},
    );
    return Number(/^"INCRBY file 10","([0-9.]+)"/m.exec(stdout)?.[1]);
  } finally {
    const ended = once(server, 'exit');
    server.kill('SIGTERM');
    await ended;
  }
}
