import type {ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {appendFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import type {Host, User} from './host.js';
import {logFolder} from './namespace.js';

export interface DaemonOptions {
  readonly name: string;
  readonly user?: User;
  readonly env?: Readonly<Record<string, string>>;
  /** Returns the command for each start. */
  readonly command: () => readonly string[];
}

/** The pause of a supervisor before it starts a daemon that ended by itself. */
const RESTART_MS = 1000;

/** A program that runs on a host, and that a supervisor starts again if it ends by itself. */
export class Daemon {
  readonly host: Host;
  readonly #options: DaemonOptions;
  readonly #log: string;
  #child: ChildProcess | undefined;
  #isToRun = false;

  constructor(host: Host, options: DaemonOptions) {
    this.host = host;
    this.#options = options;
    this.#log = join(logFolder, `${host.name}-${options.name}.log`);
  }

  start(): void {
    this.#isToRun = true;
    const {command, user, env} = this.#options;
    const child = this.host.start(command(), {
      log: this.#log,
      ...(user === undefined ? {} : {user}),
      ...(env === undefined ? {} : {env}),
    });
    this.#child = child;
    child.on('exit', (status, signal) => {
      appendFileSync(this.#log, `--- ended: ${status ?? signal}\n`);
      if (this.#child === child && this.#isToRun)
        setTimeout(() => {
          if (this.#child === child && this.#isToRun) this.start();
        }, RESTART_MS);
    });
  }

  /** Ends it, and waits until it is gone; no supervisor starts it again. */
  async kill(): Promise<void> {
    this.#isToRun = false;
    const child = this.#child;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(signal);
  }
}

/** Time for a database to start: a node copies all data, which an overloaded machine delays. */
export const START_WITHIN_MS = 240_000;

/** Waits until a condition holds. @throws Error that names it after the limit */
export async function until<T>(
  what: string,
  limitMs: number,
  look: () => Promise<T | false | undefined>,
  everyMs = 200,
): Promise<T> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`after ${limitMs / 1000} s still not: ${what}`);
    await sleep(everyMs);
  }
}
