import {spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {readFileSync} from 'node:fs';

/** A server under load. */
export interface Target {
  readonly name: string;
  readonly url: string;
  readonly process: ChildProcess;
}

export interface TargetOptions {
  readonly name: string;
  /** The arguments of node. */
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a server and waits for the line with its address. */
export async function startTarget({name, args, cwd, env = {}}: TargetOptions): Promise<Target> {
  const child = spawn(process.execPath, args, {
    cwd,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {PATH: process.env['PATH'], HOME: cwd, ...env},
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

/** Ticks per second of the kernel's clock, the unit of processor time in /proc. */
const TICKS_PER_SECOND = 100;

/** Returns the processor time of a process and its children, in seconds. */
export function cpuSeconds(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  const own = [11, 12].reduce((sum, field) => sum + Number(fields[field]), 0) / TICKS_PER_SECOND;
  return childrenOf(pid).reduce((sum, child) => sum + cpuSeconds(child), own);
}

function childrenOf(pid: number | undefined): readonly number[] {
  const list = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return list === '' ? [] : list.split(' ').map(Number);
}

/** Returns the peak memory of a process, in megabytes. */
export function peakMegabytes(pid: number | undefined): number {
  const kilobytes = /VmHWM:\s+([0-9]+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) / 1024;
}
