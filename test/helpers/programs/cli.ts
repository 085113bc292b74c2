import {spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {join} from 'node:path';
import {expect} from 'vitest';
import {root} from '../folders/workspace.js';
import {atEnd} from '../run/shared.js';

/** The result of a finished command. */
export interface Finished {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** True makes file permissions apply even if root runs the tests. */
  readonly obeysPermissions?: boolean;
  /** Another build of the command line than the one under test. */
  readonly program?: string;
  /** The limit of file descriptors, if not that of the tests. */
  readonly descriptors?: number;
}

/** A running command, with its output so far. */
export interface RunningCommand {
  readonly process: ChildProcess;
  readonly finished: Promise<Finished>;
  stdout(): string;
  stderr(): string;
}

/** Starts the compiled command line in a folder that is also its home. Kills it at the end of the test. */
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

/** Starts any program in the same way. */
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
  atEnd(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await finished;
  });
  return {process: child, finished, stdout: () => output.stdout, stderr: () => output.stderr};
}

/** Runs a command to its end. */
export function cli(args: readonly string[], options: CliOptions): Promise<Finished> {
  return startCli(args, options).finished;
}

/** An error as `--json` prints it. */
export interface CliError {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly exit: number;
}

/** Runs a command with `--json`, expects it to fail, and returns the error that it prints. */
export async function cliError(args: readonly string[], options: CliOptions): Promise<CliError> {
  const {status, stdout, stderr} = await cli([...args, '--json'], options);
  const {error} = JSON.parse(stdout === '' ? '{}' : stdout) as {error?: CliError};
  if (error === undefined) throw new Error(`exit status ${status} without an error: ${stdout}${stderr}`);
  expect(error.exit).toBe(status);
  return error;
}

/** A `serve` that answers. */
export interface RunningServer extends RunningCommand {
  readonly url: string;
}

/** Starts `serve`, on a free port unless the arguments name one, and waits until it answers. */
export async function startServer(args: readonly string[], options: CliOptions): Promise<RunningServer> {
  const port = args.includes('--port') ? [] : ['--port', '0'];
  const command = startCli(['serve', ...port, ...args], options);
  return {...command, url: await untilAnnounced(command)};
}

/** One JSON record of the error log. */
export interface LogRecord {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'fatal';
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** Parses the records in a log; skips other lines, such as those of the access log. */
export function logRecords(log: string): LogRecord[] {
  return log.split('\n').flatMap((line) => {
    if (!line.startsWith('{')) return [];
    try {
      return [JSON.parse(line) as LogRecord];
    } catch {
      // The rest of the line has not arrived yet.
      return [];
    }
  });
}

/** Returns the records of one level. */
export function recordsOf(log: string, level: LogRecord['level']): LogRecord[] {
  return logRecords(log).filter((record) => record.level === level);
}

/** Returns the URL of each server that has announced itself in a log; failed requests have a `url` too. */
export function announcedUrls(log: string): string[] {
  return logRecords(log).flatMap(({url, database}) =>
    typeof url === 'string' && database !== undefined ? [url] : [],
  );
}

/** Waits until a `serve` has announced itself, and returns its URL. */
export function untilAnnounced(command: RunningCommand): Promise<string> {
  return waitFor(() => announcedUrls(command.stderr())[0], command);
}

/** Returns true once a command has announced that it waits for its database after this attempt. */
export function announcesWait(stderr: string, attempt: number, attempts: number): boolean {
  return new RegExp(`\\b${attempt}\\b\\D+\\b${attempts}\\b`).test(stderr);
}

/**
 * Sends SIGHUP, and waits for the record of the outcome.
 *
 * @returns true if the server uses the new files, with the text of the record
 */
export async function reload(server: RunningServer): Promise<{accepted: boolean; text: string}> {
  const before = logRecords(server.stderr()).length;
  server.process.kill('SIGHUP');
  const outcome = await waitFor(
    () =>
      logRecords(server.stderr())
        .slice(before)
        // Warnings about the database may arrive at any time.
        .find(({level}) => level !== 'warn'),
    server,
  );
  return {accepted: outcome.level === 'info', text: outcome.msg};
}

/** Waits until `look` returns a value; fails with the output of the command if that ends first. */
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
