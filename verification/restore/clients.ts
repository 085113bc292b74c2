import {setTimeout as sleep} from 'node:timers/promises';
import type {Random} from '../../test/helpers/random.js';
import {Asker} from '../torture/asker.js';
import type {Ledger} from './ledger.js';

/** The largest count of a request. */
const MAX_COUNT = 100;

/** Time for a server to answer again, on a slow machine. */
export const ANSWER_WITHIN_MS = 30_000;

/** Clients of one run, in this process. */
export interface Clients {
  /** Lets no client request a mode, and waits until no request for it is pending. */
  readonly pause: (mode: string) => Promise<void>;
  readonly resume: (mode: string) => void;
  /** Lets each client finish its request. */
  readonly stop: () => Promise<void>;
}

export interface ClientOptions {
  readonly folder: string;
  readonly count: number;
  /** Returns the URLs of the servers. */
  readonly urls: readonly string[];
  readonly random: Random;
  readonly ledger: Ledger;
  /** The longest pause between two requests of a client. */
  readonly maxPauseMs: number;
}

export function startClients(options: ClientOptions): Clients {
  const {folder, count, urls, random, ledger, maxPauseMs} = options;
  const paused = new Set<string>();
  const pending = new Map<string, number>();
  let goOn = true;
  const client = async (number: number): Promise<void> => {
    const asker = new Asker(folder, String(number));
    const own = urls[number % urls.length] ?? '';
    while (goOn) {
      const mode = random.pick(ledger.modes());
      if (paused.has(mode)) {
        await sleep(1);
        continue;
      }
      pending.set(mode, (pending.get(mode) ?? 0) + 1);
      // Some stay with one server, as clients do; some change servers, as behind a load balancer.
      const url = number % 2 === 0 ? own : random.pick(urls);
      const outcome = await asker.ask(url, mode, BigInt(random.between(1, MAX_COUNT)));
      pending.set(mode, (pending.get(mode) ?? 0) - 1);
      ledger.record(mode, outcome);
      if (outcome.is !== 'answered') await sleep(random.between(5, 50));
      else if (maxPauseMs > 0) await sleep(random.between(0, maxPauseMs));
    }
    asker.close();
  };
  const all = Array.from({length: count}, (_, index) => client(index));
  return {
    pause: async (mode) => {
      paused.add(mode);
      while ((pending.get(mode) ?? 0) > 0) await sleep(1);
    },
    resume: (mode) => {
      paused.delete(mode);
    },
    stop: async () => {
      goOn = false;
      await Promise.all(all);
    },
  };
}

/** The clients of the trial itself: one per server. */
export class Prober {
  readonly #folder: string;
  readonly #ledger: Ledger;
  readonly #askers = new Map<string, Asker>();

  constructor(folder: string, ledger: Ledger) {
    this.#folder = folder;
    this.#ledger = ledger;
  }

  /**
   * Repeats a request until it is answered.
   *
   * @returns the range, and the number of requests before that may have taken one; `undefined` if it is late
   */
  async untilAnswered(
    url: string,
    mode: string,
    range: bigint,
  ): Promise<{start: bigint; end: bigint; lost: bigint} | undefined> {
    let asker = this.#askers.get(url);
    if (asker === undefined) {
      asker = new Asker(this.#folder, `prober-${this.#askers.size + 1}`);
      this.#askers.set(url, asker);
    }
    const deadline = performance.now() + ANSWER_WITHIN_MS;
    let lost = 0n;
    while (performance.now() < deadline) {
      const outcome = await asker.ask(url, mode, range);
      this.#ledger.record(mode, outcome);
      if (outcome.is === 'answered') return {start: outcome.start, end: outcome.end, lost};
      if (outcome.is === 'lost') lost++;
      await sleep(20);
    }
    return undefined;
  }

  close(): void {
    for (const asker of this.#askers.values()) asker.close();
  }
}
