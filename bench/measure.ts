import {spawn, spawnSync, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';

/** A server that the load goes to. */
export interface Target {
  readonly name: string;
  readonly url: string;
  readonly process: ChildProcess;
}

/** What one round of load saw. */
export interface Round {
  /** Requests answered a second. */
  readonly rate: number;
  /** Latencies in milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Answers that were not 200, and connections that failed. */
  readonly failures: number;
}

/** Starts a server and waits for the line that says where it answers. */
export async function startTarget(
  name: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Target> {
  const child = spawn(process.execPath, args, {
    cwd,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {...process.env, HOME: cwd, ...env},
  });
  let stderr = '';
  for await (const text of child.stderr.setEncoding('utf8')) {
    stderr += String(text);
    const url = /answers at (http:\/\/\S+)\/getid/.exec(stderr)?.[1];
    if (url === undefined) continue;
    child.stderr.resume();
    return {name, url, process: child};
  }
  throw new Error(`${name} did not start: ${stderr}`);
}

export async function stopTarget({process: child}: Target): Promise<void> {
  const closed = once(child, 'exit');
  child.kill('SIGTERM');
  await closed;
}

/** One round of wrk: so many connections, each with one request under way, for so many seconds. */
export function load({url}: Target, connections: number, seconds: number): Round {
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', `${url}/getid?range=10&mode=file`];
  const {stdout, status, error} = spawnSync('wrk', args, {encoding: 'utf8'});
  if (error !== undefined || status !== 0)
    throw new Error('wrk is needed to drive the load: apt-get install wrk');
  const number = (pattern: RegExp): string => pattern.exec(stdout)?.[1] ?? '0';
  return {
    rate: Number(number(/Requests\/sec:\s+([\d.]+)/)),
    p50: milliseconds(number(/^\s+50%\s+(\S+)/m)),
    p99: milliseconds(number(/^\s+99%\s+(\S+)/m)),
    failures:
      Number(number(/Non-2xx or 3xx responses: (\d+)/)) + Number(number(/Socket errors: connect (\d+)/)),
  };
}

/** Wall time of a whole command, in milliseconds. */
export function wallTime(args: readonly string[], cwd: string): number {
  const started = performance.now();
  const {status, stderr} = spawnSync(process.execPath, args, {
    cwd,
    encoding: 'utf8',
    env: {...process.env, HOME: cwd},
  });
  if (status !== 0) throw new Error(stderr);
  return performance.now() - started;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

function milliseconds(text: string): number {
  const [, value = '', unit = ''] = /^([\d.]+)(us|ms|s)$/.exec(text) ?? [];
  const scales: Readonly<Record<string, number>> = {us: 0.001, ms: 1, s: 1000};
  return Number(value) * (scales[unit] ?? Number.NaN);
}
