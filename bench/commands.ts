import {spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {median, medianRatio} from './statistics.js';

/** The wall time of a command as a process of its own. */
export interface CommandFigures {
  readonly name: string;
  /** Median wall time in milliseconds. */
  readonly medianMs: number;
  /** Wall time divided by that of `node -e 0`; the median of the ratios run by run. */
  readonly ratio: number;
}

/** Runs the commands in turn, `runs` times, and compares each with the first. */
export function timeCommands(
  commands: readonly {readonly name: string; readonly args: readonly string[]}[],
  cwd: string,
  runs: number,
): readonly CommandFigures[] {
  const times = commands.map(() => [] as number[]);
  // The first turn only fills the caches of the file system.
  for (let turn = 0; turn <= runs; turn++) {
    for (const [index, {args}] of commands.entries()) {
      const elapsedMs = wallTime(args, cwd);
      if (turn > 0) times[index]?.push(elapsedMs);
    }
  }
  return commands.map(({name}, index) => ({
    name,
    medianMs: median(times[index] ?? []),
    ratio: medianRatio(times[index] ?? [], times[0] ?? []),
  }));
}

function wallTime(args: readonly string[], cwd: string): number {
  const started = performance.now();
  const {status, stderr} = spawnSync(process.execPath, args, {
    cwd,
    encoding: 'utf8',
    env: {PATH: process.env['PATH'], HOME: cwd},
  });
  if (status !== 0) throw new Error(stderr);
  return performance.now() - started;
}

/** Returns the median milliseconds from the start of `serve` to its first answer. */
export async function timeToFirstAnswer(args: readonly string[], cwd: string, runs: number): Promise<number> {
  const times: number[] = [];
  for (let turn = 0; turn <= runs; turn++) {
    const started = performance.now();
    const server = spawn(process.execPath, args, {
      cwd,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {PATH: process.env['PATH'], HOME: cwd},
    });
    let stderr = '';
    server.stderr.setEncoding('utf8').on('data', (text) => (stderr += String(text)));
    let url: string | undefined;
    while (url === undefined) {
      await once(server.stderr, 'data');
      url = /answers at (http:\/\/\S+\/getid)/.exec(stderr)?.[1];
    }
    const {status} = await fetch(`${url}?mode=first&range=1`);
    if (status !== 200) throw new Error(`the first answer was ${status}`);
    if (turn > 0) times.push(performance.now() - started);
    server.kill('SIGTERM');
    await once(server, 'exit');
  }
  return median(times);
}
