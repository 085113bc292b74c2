import {spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {appendFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {setTimeout as sleep} from 'node:timers/promises';

const program = fileURLToPath(new URL('../../bin/run.js', import.meta.url));

export interface ServeOptions {
  readonly name: string;
  readonly port: number;
  /** Its working folder and home. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Where its log goes. */
  readonly log: string;
  /** Told when there is another process, or none. */
  readonly onChange: () => void;
}

/** What a server says when it does. */
const READY = ' answers at ';

/** How long a server may take until it answers, in milliseconds: a database may be away all that while. */
const START_WITHIN_MS = 60_000;
/** Longer than a server takes to answer what it has accepted. */
const END_WITHIN_MS = 40_000;

/** A real `uniqueid serve` on a port that stays the same, to be killed and started again. */
export class ServeProcess {
  readonly name: string;
  readonly port: number;
  readonly #options: ServeOptions;
  #child: ChildProcess | undefined;
  #isToEnd = false;
  /** How it ended when nobody had asked it to, each time. */
  readonly crashes: string[] = [];

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
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Ends it as a supervisor does. @returns its exit status, or the signal that ended it */
  end(): Promise<number | string> {
    return this.#end('SIGTERM');
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  async #end(signal: NodeJS.Signals): Promise<number | string> {
    const child = this.#child;
    if (child === undefined || !this.isRunning) return 0;
    this.#isToEnd = true;
    const exited = once(child, 'exit');
    child.kill(signal);
    const ended = await Promise.race([exited, sleep(END_WITHIN_MS, undefined, {ref: false})]);
    if (ended === undefined) throw new Error(`${this.name} does not end on ${signal}`);
    return child.exitCode ?? child.signalCode ?? 'no status';
  }

  /** @returns whether it answers; false where it has ended instead */
  async #startOnce(deadline: number): Promise<boolean> {
    const {port, cwd, env, log, onChange} = this.#options;
    const child = spawn(process.execPath, [program, 'serve', '--port', String(port)], {
      cwd,
      env: {PATH: process.env['PATH'], HOME: cwd, ...env},
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child = child;
    this.#isToEnd = false;
    onChange();
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
        if (head.includes(READY)) return;
        head += text;
        if (head.includes(READY)) settle(true);
      });
      child.on('exit', (status, signal) => {
        appendFileSync(log, `--- ended: ${status ?? signal}\n`);
        // One that gives up before it answers says why in its log; its supervisor starts it again.
        if (!this.#isToEnd && head.includes(READY))
          this.crashes.push(`${this.name} ended by itself: ${status ?? signal}`);
        settle(false);
      });
    });
  }
}

/** Where the program's own command line is, for the commands of an operator. */
export const commandLine = program;
export const logOf = (folder: string, name: string): string =>
  join(folder, `${name.replaceAll(' ', '-')}.log`);
