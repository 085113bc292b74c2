import {setTimeout as sleep} from 'node:timers/promises';
import type {DatabaseUrl} from '../../config/database-url.js';
import {toUniqueIDError, type UniqueIDError} from '../../core/errors.js';
import type {Destination} from './network-errors.js';

/** A pool of connections to one host. */
export interface HostPool {
  /** The host, for messages. */
  readonly destination: Destination;
  /** Closes all connections, after a limited wait for running statements. */
  close(): Promise<void>;
  /** Closes all connections now. */
  giveUp(): Promise<void>;
}

/** Silence of a host after which the next one is asked too: a dead host delays the others by no more. */
const STAGGER_MS = 250;

/** Pause before a host that could not serve is asked again. */
const POLL_MS = 250;

export interface HostSearch<P extends HostPool> {
  /** One URL per host, in order of preference. */
  readonly hosts: readonly DatabaseUrl[];
  readonly open: (host: DatabaseUrl) => P;
  /** Throws the reason why the host cannot be used now. */
  readonly assertUsable: (pool: P) => Promise<void>;
  /** Makes the error of a failed search; without it, the search goes on until it is aborted. */
  readonly failure?: (reasons: readonly UniqueIDError[]) => UniqueIDError;
  /** Ends the search. */
  readonly signal: AbortSignal;
}

/** A host that can be used, with open connections. */
export interface FoundHost<P> {
  readonly host: DatabaseUrl;
  readonly pool: P;
}

/**
 * Finds the first usable host. It asks the next host if one has failed or is silent for a moment, and asks
 * failed hosts again while another one is silent. Closes the connections to all other hosts.
 *
 * @throws (as a rejection) the error of `failure` after each host has failed once; the signal's reason
 */
export function findHost<P extends HostPool>(search: HostSearch<P>): Promise<FoundHost<P>> {
  return new Promise((resolve, reject) => {
    new RunningSearch(search, resolve, reject).start(0);
  });
}

class RunningSearch<P extends HostPool> {
  readonly #search: HostSearch<P>;
  readonly #resolve: (found: FoundHost<P>) => void;
  readonly #reject: (error: unknown) => void;
  /** The last failure of each host that has failed. */
  readonly #failures = new Map<number, UniqueIDError>();
  readonly #open = new Set<P>();
  readonly #abort = (): void => {
    this.#end(() => {
      this.#reject(this.#search.signal.reason);
    });
  };
  #started = 0;
  #isOver = false;

  constructor(
    search: HostSearch<P>,
    resolve: (found: FoundHost<P>) => void,
    reject: (error: unknown) => void,
  ) {
    this.#search = search;
    this.#resolve = resolve;
    this.#reject = reject;
    if (search.signal.aborted) this.#abort();
    else search.signal.addEventListener('abort', this.#abort);
  }

  /** Starts asking the host at an index, unless it is being asked, and soon the next one. */
  start(index: number): void {
    const host = this.#search.hosts[index];
    if (this.#isOver || host === undefined || index < this.#started) return;
    this.#started = index + 1;
    void this.#poll(host, index);
    // Unreferenced: a connection keeps the process alive while the search needs it.
    setTimeout(() => {
      this.start(index + 1);
    }, STAGGER_MS).unref();
  }

  async #poll(host: DatabaseUrl, index: number): Promise<void> {
    while (!this.#isOver) {
      let pool: P | undefined;
      try {
        pool = this.#search.open(host);
        this.#open.add(pool);
        await this.#search.assertUsable(pool);
        this.#succeed(host, pool);
      } catch (error) {
        if (pool !== undefined) this.#giveUp(pool);
        this.#recordFailure(index, toUniqueIDError(error));
      }
      this.start(index + 1);
      await sleep(POLL_MS, undefined, {ref: false});
    }
  }

  #succeed(host: DatabaseUrl, pool: P): void {
    this.#end(() => {
      this.#open.delete(pool);
      this.#resolve({host, pool});
    });
  }

  #giveUp(pool: P): void {
    if (this.#open.delete(pool)) void pool.giveUp();
  }

  #recordFailure(index: number, failure: UniqueIDError): void {
    const {hosts, failure: makeFailure} = this.#search;
    this.#failures.set(index, failure);
    if (makeFailure === undefined || this.#failures.size < hosts.length) return;
    this.#end(() => {
      const reasons = hosts.flatMap((_, each) => this.#failures.get(each) ?? []);
      this.#reject(makeFailure(reasons));
    });
  }

  /** Ends the search once, and closes the connections to the hosts that were not found. */
  #end(settle: () => void): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#search.signal.removeEventListener('abort', this.#abort);
    settle();
    for (const pool of this.#open) this.#giveUp(pool);
  }
}
