import {spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {appendFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {setTimeout as sleep} from 'node:timers/promises';

const program = fileURLToPath(new URL('../../../bin/run.js', import.meta.url));

export interface ServeOptions {
  readonly name: string;
  readonly port: number;
  /** Its working folder and home. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Where its log goes. */
  readonly log: string;
}

/** How long a server may take until it answers, in milliseconds: a database may be away all that while. */
const START_WITHIN_MS = 60_000;

/** A real `uniqueid serve` on a port that stays the same, to be killed and started again. */
export class ServeProcess {
  readonly name: string;
  readonly port: number;
  readonly #options: ServeOptions;
  #child: ChildProcess | undefined;

  constructor(options: ServeOptions) {
    this.#options = options;
    this.name = options.name;
    this.port = options.port;
  }

  /** `undefined` while it does not run. */
  get pid(): number | undefined {
    return this.isRunning ? this.#child?.pid : undefined;
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /**
   * Starts it, if it does not run, and waits until it answers. One that gives up is started again, as a supervisor
   * does.
   */
  async start(): Promise<void> {
    const deadline = performance.now() + START_WITHIN_MS;
    while (!(this.isRunning || (await this.#startOnce(deadline)))) {
      if (performance.now() > deadline)
        throw new Error(`${this.name} does not start; see ${this.#options.log}`);
      await sleep(100);
    }
  }

  /** Ends it at once and waits until it is gone. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (child === undefined || !this.isRunning) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    const ended = await Promise.race([exited, sleep(40_000, undefined, {ref: false})]);
    if (ended === undefined) throw new Error(`${this.name} does not end on ${signal}`);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** @returns whether it answers; false where it has ended instead */
  async #startOnce(deadline: number): Promise<boolean> {
    const {port, cwd, env, log} = this.#options;
    const child = spawn(process.execPath, [program, 'serve', '--port', String(port)], {
      cwd,
      env: {PATH: process.env['PATH'], HOME: cwd, ...env},
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child = child;
    return new Promise((resolve, reject) => {
      let head = '';
      const late = setTimeout(
        () => {
          reject(new Error(`${this.name} neither answers nor ends; see ${log}`));
        },
        Math.max(1, deadline - performance.now()),
      );
      const settle = (answers: boolean): void => {
        clearTimeout(late);
        resolve(answers);
      };
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        appendFileSync(log, text);
        if (head.includes(' answers at ')) return;
        head += text;
        if (head.includes(' answers at ')) settle(true);
      });
      child.on('exit', (status, signal) => {
        appendFileSync(log, `--- ended: ${status ?? signal}\n`);
        settle(false);
      });
    });
  }
}

/** Where the program's own command line is, for the commands of an operator. */
export const commandLine = program;
export const logOf = (folder: string, name: string): string =>
  join(folder, `${name.replaceAll(' ', '-')}.log`);
