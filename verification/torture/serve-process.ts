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
  /** The file of its log. */
  readonly log: string;
  /** Called when its process changes. */
  readonly onChange?: () => void;
  /** The command that runs another one elsewhere, with the same process id. */
  readonly within?: readonly string[];
}

/** The text that a server prints when it is ready. */
const READY = ' answers at ';

/** Time for a server to become ready: its database may be unavailable for most of it. */
const START_WITHIN_MS = 180_000;
/** Longer than a server takes to answer its accepted requests. */
const END_WITHIN_MS = 40_000;

/** A real `uniqueid serve` on a fixed port, which can be killed and restarted. */
export class ServeProcess {
  readonly name: string;
  readonly port: number;
  readonly #options: ServeOptions;
  #child: ChildProcess | undefined;
  #isToEnd = false;
  /** Each end that was not requested. */
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
   * Starts it, if it does not run, and waits until it answers. Restarts a process that gives up, as a
   * supervisor does.
   */
  async start(): Promise<void> {
    const deadline = performance.now() + START_WITHIN_MS;
    while (!(this.isRunning || (await this.#startOnce(deadline)))) {
      if (performance.now() > deadline)
        throw new Error(`${this.name} does not start; see ${this.#options.log}`);
      await sleep(100);
    }
  }

  /** Kills it and waits until it is gone. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Ends it as a supervisor does (SIGTERM). @returns its exit status, or the signal that ended it */
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

  /** @returns true if it answers; false if it ended instead */
  async #startOnce(deadline: number): Promise<boolean> {
    const {port, cwd, env, log, onChange, within = []} = this.#options;
    const words = [...within, process.execPath, program, 'serve', '--port', String(port)];
    const child = spawn(words[0] ?? '', words.slice(1), {
      cwd,
      env: {PATH: process.env['PATH'], HOME: cwd, ...env},
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child = child;
    this.#isToEnd = false;
    onChange?.();
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
        // A process that gives up before it answers logs the reason; its supervisor restarts it.
        if (!this.#isToEnd && head.includes(READY))
          this.crashes.push(`${this.name} ended by itself: ${status ?? signal}`);
        settle(false);
      });
    });
  }
}

/** The path of the command line, for the commands of an operator. */
export const commandLine = program;
export const logOf = (folder: string, name: string): string =>
  join(folder, `${name.replaceAll(' ', '-')}.log`);
