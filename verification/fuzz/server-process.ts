import {spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {readFileSync} from 'node:fs';

/** A server in its own process, observed from outside. */
export interface ServerProcess {
  readonly url: string;
  readonly port: number;
  /** Throws if the process ended by itself; the error holds its log. */
  readonly assertRunning: () => void;
  /** Returns the present memory of the process, in bytes. */
  readonly memory: () => number;
  /** Returns the end of its error log. */
  readonly log: () => string;
  /** Ends it as a supervisor does (SIGTERM). @returns its exit status */
  readonly stop: () => Promise<number | null>;
}

/** Length of the kept end of a log. */
const LOG_CHARACTERS = 100_000;

/**
 * Starts a server and waits until it prints its address.
 *
 * @param args the program and its arguments
 * @throws Error with its log, if it ends instead
 */
export async function startServerProcess(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<ServerProcess> {
  const child = spawn(process.execPath, [...args], {
    cwd,
    env: {PATH: process.env['PATH'], HOME: cwd, ...env},
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log = (log + text).slice(-LOG_CHARACTERS);
  });
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr.on('data', () => {
      const found = /"url":"(http:[^"]+)","database"/.exec(log)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once('exit', () => {
      reject(new Error(`the server ended: ${log}`));
    });
  });
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  return {
    url,
    port: Number(new URL(url).port),
    assertRunning: () => {
      if (hasEnded())
        throw new Error(`the server ended by itself (${child.exitCode ?? child.signalCode}): ${log}`);
    },
    memory: () => memoryOf(child),
    log: () => log,
    stop: async () => {
      if (!hasEnded()) {
        const exited = once(child, 'exit');
        child.kill('SIGTERM');
        await exited;
      }
      return child.exitCode;
    },
  };
}

/** `VmRSS` of https://man7.org/linux/man-pages/man5/proc_pid_status.5.html */
function memoryOf({pid}: ChildProcess): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}
