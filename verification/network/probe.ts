import {setTimeout as sleep} from 'node:timers/promises';
import {ask} from '../../test/helpers/network/http.js';
import {now} from '../history/line.js';
import {Asker} from '../torture/asker.js';

/** The pause between two requests of a probe. */
const PAUSE_MS = 100;

/** An observer of one server, which no fault cuts off. Sends one request at a time, and remembers answers. */
export class Probe {
  readonly #url: string;
  readonly #mode: string;
  readonly #asker: Asker;
  /** When answers with a range arrived. */
  readonly #answered: number[] = [];
  /** When /health was asked, and whether it answered 200. */
  readonly #checks: {readonly at: number; readonly isHealthy: boolean}[] = [];
  readonly wrong: string[] = [];
  #goOn = true;
  #isPaused = false;
  #asking: Promise<unknown> = Promise.resolve();
  readonly #ended: Promise<unknown>;

  constructor(folder: string, name: string, url: string, mode: string) {
    this.#url = url;
    this.#mode = mode;
    this.#asker = new Asker(folder, name);
    this.#ended = Promise.all([this.#allocate(), this.#watchHealth()]);
  }

  /** Returns the longest time without an answer, in seconds, from a moment until now. */
  outageSince(begun: number): number {
    return longestPause(this.#answered, begun, now());
  }

  /**
   * Returns how long /health answered 200 in the longest time without an answer, in seconds: from its begin
   * to the last such answer. The answers since the last other one count for nothing, because the database
   * works again then.
   */
  falselyHealthySince(begun: number): number {
    const [from, to] = longestSpan(this.#answered, begun, now());
    const checks = this.#checks.filter(({at}) => at > from && at < to);
    const until = checks.findLastIndex(({isHealthy}) => !isHealthy);
    const last = checks.slice(0, until < 0 ? undefined : until).findLast(({isHealthy}) => isHealthy);
    return ((last?.at ?? from) - from) / 1e6;
  }

  /** Returns how many counters the process of the server has raised to their marks; 0 without an answer. */
  async raised(): Promise<number> {
    const answer = await ask(this.#url, '/metrics').catch(() => undefined);
    if (answer === undefined) return 0;
    const [, count] = /^uniqueid_regressions_total\{outcome="raised"\} (\d+)$/m.exec(answer.body) ?? [];
    if (count === undefined) throw new Error(`no count of raised counters at ${this.#url}/metrics`);
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

  async #allocate(): Promise<void> {
    while (this.#goOn) {
      if (!this.#isPaused) await (this.#asking = this.#askOnce());
      await sleep(PAUSE_MS);
    }
  }

  async #askOnce(): Promise<void> {
    const outcome = await this.#asker.ask(this.#url, this.#mode, 1n);
    if (outcome.is === 'answered') this.#answered.push(now());
    else if (outcome.is === 'wrong') this.wrong.push(outcome.answer);
  }

  async #watchHealth(): Promise<void> {
    while (this.#goOn) {
      // The answer describes a moment after the request.
      const at = now();
      try {
        const {status} = await ask(this.#url, '/health', {signal: AbortSignal.timeout(2000)});
        this.#checks.push({at, isHealthy: status === 200});
      } catch {
        // An unreachable server says nothing.
      }
      await sleep(PAUSE_MS * 2);
    }
  }
}

/** Returns the longest span between two of these moments, or the bounds, within the bounds. */
function longestSpan(moments: readonly number[], from: number, to: number): readonly [number, number] {
  // The last moment before the bounds begins the first span.
  const before = moments.filter((at) => at <= from).at(-1) ?? from;
  let longest: readonly [number, number] = [before, before];
  let last = before;
  for (const at of [...moments.filter((each) => each > from && each < to), to]) {
    if (at - last > longest[1] - longest[0]) longest = [last, at];
    last = at;
  }
  return longest;
}

function longestPause(moments: readonly number[], from: number, to: number): number {
  const [begun, ended] = longestSpan(moments, from, to);
  return (ended - begun) / 1e6;
}
