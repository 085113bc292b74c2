import {spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {join} from 'node:path';
import {onTestFinished} from 'vitest';
import {root} from '../folders/workspace.js';

/** What a finished command left behind. */
export interface Finished {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Whether file permissions bind it even if root runs the tests. */
  readonly obeysPermissions?: boolean;
  /** Another build of the command line than the one under test. */
  readonly program?: string;
  /** How many file descriptors it may have, where that is not as many as we. */
  readonly descriptors?: number;
}

/** A command that runs, with what it has written so far. */
export interface RunningCommand {
  readonly process: ChildProcess;
  readonly finished: Promise<Finished>;
  stdout(): string;
  stderr(): string;
}

/** Starts the compiled command line, in a folder that is also its home. Ended with the test, if not before. */
export function startCli(args: readonly string[], options: CliOptions): RunningCommand {
  const {program = join(root, 'bin', 'run.js'), descriptors, obeysPermissions = false} = options;
  const limited = descriptors === undefined ? [] : ['prlimit', `--nofile=${descriptors}:${descriptors}`];
  // Another user might not be allowed to enter the folder of the clone.
  const bound =
    obeysPermissions && process.getuid?.() === 0
      ? ['setpriv', '--bounding-set=-dac_override,-dac_read_search']
      : [];
  const [first = '', ...rest] = [...limited, ...bound, process.execPath, program, ...args];
  return startProgram(first, rest, options);
}

/** Starts a program in the same way. */
export function startProgram(
  program: string,
  args: readonly string[],
  {cwd, env}: CliOptions,
): RunningCommand {
  const child = spawn(program, [...args], {
    cwd,
    env: {PATH: process.env['PATH'], HOME: cwd, USERPROFILE: cwd, ...env},
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = {stdout: '', stderr: ''};
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  const finished = once(child, 'close').then(([status, signal]) => ({
    status: status as number | null,
    signal: signal as NodeJS.Signals | null,
    ...output,
  }));
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await finished;
  });
  return {process: child, finished, stdout: () => output.stdout, stderr: () => output.stderr};
}

/** Runs a command to its end. */
export function cli(args: readonly string[], options: CliOptions): Promise<Finished> {
  return startCli(args, options).finished;
}

/** A `serve` that answers. */
export interface RunningServer extends RunningCommand {
  readonly url: string;
}

/** Starts `serve`, on a free port unless the arguments name one, and waits for its ready line. */
export async function startServer(args: readonly string[], options: CliOptions): Promise<RunningServer> {
  const port = args.includes('--port') ? [] : ['--port', '0'];
  const command = startCli(['serve', ...port, ...args], options);
  const url = await waitFor(() => /answers at (https?:\/\/\S+)\/getid/.exec(command.stderr())?.[1], command);
  return {...command, url};
}

/** Waits until `look` sees something, or fails with what the command said when it ends without. */
export async function waitFor<T>(look: () => T | undefined, command: RunningCommand): Promise<T> {
  let ended: Finished | undefined;
  void command.finished.then((finished) => (ended = finished));
  for (;;) {
    const seen = look();
    if (seen !== undefined) return seen;
    if (ended !== undefined) throw new Error(`the command ended: ${JSON.stringify(ended)}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
