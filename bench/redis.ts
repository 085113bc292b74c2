import {spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {mkdirSync} from 'node:fs';
import {setTimeout as sleep} from 'node:timers/promises';
import {freePort} from '../test/helpers/databases/private-server.js';
import type {Contestant, Load, Round} from './load.js';
import {cpuSeconds} from './target.js';

/** Redis, of which each answer to INCRBY is synced before it leaves (`appendfsync always`). */
export interface Redis extends Contestant {
  readonly stop: () => Promise<void>;
}

/** Enough to learn how many requests a round needs: redis-benchmark has no time limit. */
const FIRST_REQUESTS = 5000;

/** @returns `undefined` if Redis is not installed */
export async function startRedis(folder: string): Promise<Redis | undefined> {
  if (spawnSync('redis-server', ['--version']).error !== undefined) return undefined;
  mkdirSync(folder);
  const port = String(await freePort());
  const settings = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', ''];
  const server = spawn('redis-server', ['--port', port, '--bind', '127.0.0.1', ...settings], {
    cwd: folder,
    stdio: 'ignore',
  });
  while (spawnSync('redis-cli', ['-p', port, 'ping']).status !== 0) await sleep(50);
  const rates = new Map<number, number>();

  async function drive(connections: number, range: number, requests: number): Promise<Round> {
    const before = cpuSeconds(server.pid);
    const driver = spawn(
      'redis-benchmark',
      ['-p', port, '-c', `${connections}`, '-n', `${requests}`, '--csv', 'INCRBY', 'file', `${range}`],
      {stdio: ['ignore', 'pipe', 'ignore']},
    );
    let output = '';
    driver.stdout.setEncoding('utf8').on('data', (text) => (output += String(text)));
    await once(driver, 'close');
    const figures = /^"INCRBY file [0-9]+",(.*)$/m.exec(output)?.[1]?.split(',') ?? [];
    const [rate = 0, , , p50 = 0, , p99 = 0] = figures.map((figure) => Number(figure.replaceAll('"', '')));
    if (rate === 0) throw new Error(`redis-benchmark gave no figures: ${output}`);
    rates.set(connections, rate);
    return {
      rate,
      p50,
      p99,
      // redis-benchmark does not print it.
      p999: Number.NaN,
      cpuMicroseconds: ((cpuSeconds(server.pid) - before) / requests) * 1_000_000,
      // Unknown.
      driverShare: 0,
    };
  }

  return {
    name: 'Redis',
    measure: async ({connections, seconds, range}: Load) => {
      if (!rates.has(connections)) await drive(connections, range, FIRST_REQUESTS);
      return drive(connections, range, Math.ceil((rates.get(connections) ?? 0) * seconds));
    },
    stop: async () => {
      const ended = once(server, 'exit');
      server.kill('SIGTERM');
      await ended;
    },
  };
}
