import {setTimeout as sleep} from 'node:timers/promises';
import {ask} from '../../test/helpers/network/http.js';
import {now} from '../history/line.js';
import {Asker} from '../torture/asker.js';
import type {CommitWatch} from './commit-watch.js';
import {falselyHealthy, lateness, longestSpan, type Observation} from './outage.js';

/** The pause between two requests of a probe. */
const PAUSE_MS = 100;

/** The longest time without service after a moment, in seconds. */
export interface Outage {
  readonly total: number;
  /** The part of it in which a commit was possible from the server's host. */
  readonly late: number;
  /** The part of it, or of the time without commits, in which /health answered 200. */
  readonly falselyHealthy: number;
}

export interface ProbeOptions {
  /** The folder of the histories. */
  readonly folder: string;
  readonly name: string;
  readonly url: string;
  /** The mode to allocate in; without it the probe only asks /health, so that the server is idle. */
  readonly mode: string | undefined;
  readonly commits: CommitWatch;
}

/** An observer of one server, which no fault cuts off. Sends one request at a time, and remembers answers. */
export class Probe {
  readonly #options: ProbeOptions;
  readonly #asker: Asker;
  /** When answers with a range arrived. */
  readonly #answered: number[] = [];
  /** When /health was asked, and whether it answered 200. A server without an answer is not healthy. */
  readonly #checks: Observation[] = [];
  readonly wrong: string[] = [];
  #goOn = true;
  #isPaused = false;
  #asking: Promise<unknown> = Promise.resolve();
  readonly #ended: Promise<unknown>;

  constructor(options: ProbeOptions) {
    this.#options = options;
    this.#asker = new Asker(options.folder, options.name);
    const {mode} = options;
    this.#ended = Promise.all([mode === undefined ? undefined : this.#allocate(mode), this.#watchHealth()]);
  }

  /** An idle server is out of service while /health does not answer 200; any other one without an answer. */
  outageSince(begun: number): Outage {
    const {mode, commits} = this.#options;
    const ended = now();
    const healthy = this.#checks.filter(({isGood}) => isGood).map(({at}) => at);
    const outage = longestSpan(mode === undefined ? healthy : this.#answered, begun, ended);
    const doubted = mode === undefined ? longestSpan(commits.moments, begun, ended) : outage;
    return {
      total: (outage[1] - outage[0]) / 1e6,
      late: lateness(commits.moments, outage) / 1e6,
      falselyHealthy: falselyHealthy(this.#checks, doubted) / 1e6,
    };
  }

  /** Returns how many counters the process of the server has raised to their marks; 0 without an answer. */
  async raised(): Promise<number> {
    const answer = await ask(this.#options.url, '/metrics').catch(() => undefined);
    if (answer === undefined) return 0;
    const [, count] = /^uniqueid_regressions_total\{outcome="raised"\} (\d+)$/m.exec(answer.body) ?? [];
    if (count === undefined) throw new Error(`no count of raised counters at ${this.#options.url}/metrics`);
    return Number(count);
  }

  hasAnsweredSince(begun: number): boolean {
    return (this.#answered.at(-1) ?? 0) > begun;
  }

  /** Sends no more requests, and waits for the answer to the last one. */
  async pause(): Promise<void> {
    this.#isPaused = true;
    await this.#asking;
  }

  resume(): void {
    this.#isPaused = false;
  }

  async stop(): Promise<void> {
    this.#goOn = false;
    await this.#ended;
    this.#asker.close();
  }

  async #allocate(mode: string): Promise<void> {
    while (this.#goOn) {
      if (!this.#isPaused) await (this.#asking = this.#askOnce(mode));
      await sleep(PAUSE_MS);
    }
  }

  async #askOnce(mode: string): Promise<void> {
    const outcome = await this.#asker.ask(this.#options.url, mode, 1n);
    if (outcome.is === 'answered') this.#answered.push(now());
    else if (outcome.is === 'wrong') this.wrong.push(outcome.answer);
  }

  async #watchHealth(): Promise<void> {
    while (this.#goOn) {
      // The answer describes a moment after the request.
      const at = now();
      try {
        const {status} = await ask(this.#options.url, '/health', {signal: AbortSignal.timeout(2000)});
        this.#checks.push({at, isGood: status === 200});
      } catch {
        this.#checks.push({at, isGood: false});
      }
      await sleep(PAUSE_MS * 2);
    }
  }
}
