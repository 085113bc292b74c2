import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {fileURLToPath} from 'node:url';
import {cpuSeconds, type Target} from './target.js';

export interface Load {
  readonly connections: number;
  readonly seconds: number;
  /** Integers per request. */
  readonly range: number;
  /** Count of modes; each request picks one at random. */
  readonly modes: number;
  /** True for a new connection per request, with `Connection: close`, as many scripts do. */
  readonly closes?: boolean;
}

/** The figures of one round. */
export interface Round {
  /** Answered requests per second. */
  readonly rate: number;
  /** Latencies in milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  /** Processor time of the server per request. */
  readonly cpuMicroseconds: number;
  /** The share of one processor that the driver used; near 1 the driver itself is the limit. */
  readonly driverShare: number;
}

/** A server under load, with the program that drives it. */
export interface Contestant {
  readonly name: string;
  readonly measure: (load: Load) => Promise<Round>;
}

/** A server of HTTP under the load of wrk. */
export function underWrk(target: Target): Contestant {
  return {name: target.name, measure: (load) => run(target, load)};
}

const script = fileURLToPath(new URL('requests.lua', import.meta.url));

/** Runs one round of wrk, with one request at a time per connection. */
export async function run(target: Target, load: Load): Promise<Round> {
  const {connections, seconds, range, modes, closes = false} = load;
  const before = cpuSeconds(target.process.pid);
  const wrk = spawn(
    'wrk',
    [
      '-t1',
      `-c${connections}`,
      `-d${seconds}s`,
      ...(closes ? ['-H', 'Connection: close'] : []),
      '-s',
      script,
      target.url,
      '--',
      String(range),
      String(modes),
    ],
    {stdio: ['ignore', 'pipe', 'ignore']},
  );
  let output = '';
  wrk.stdout.setEncoding('utf8').on('data', (text) => (output += String(text)));
  const used = watchCpu(wrk.pid);
  try {
    await once(wrk, 'close');
  } catch {
    throw new Error('wrk is needed to drive the load: apt-get install wrk');
  }
  const driverSeconds = used();
  const figures = /^RESULT ([0-9 ]+)$/m.exec(output)?.[1]?.split(' ').map(Number) ?? [];
  const [requests = 0, failures = 0, took = 0, p50 = 0, p99 = 0, p999 = 0] = figures;
  if (requests === 0 || failures > 0)
    throw new Error(`${target.name}: ${failures} of ${requests} requests failed`);
  return {
    rate: (requests / took) * 1_000_000,
    p50: p50 / 1000,
    p99: p99 / 1000,
    p999: p999 / 1000,
    cpuMicroseconds: ((cpuSeconds(target.process.pid) - before) / requests) * 1_000_000,
    driverShare: driverSeconds / (took / 1_000_000),
  };
}

/** Samples a process's processor time until the process ends; the returned function gives the last sample. */
function watchCpu(pid: number | undefined): () => number {
  let last = 0;
  const timer = setInterval(() => {
    try {
      last = cpuSeconds(pid);
    } catch {
      clearInterval(timer);
    }
  }, 100);
  return () => {
    clearInterval(timer);
    return last;
  };
}
