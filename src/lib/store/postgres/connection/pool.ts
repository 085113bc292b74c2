import {setTimeout as sleep} from 'node:timers/promises';
import type {DatabaseUrl} from '../../../config/database-url.js';
import type {HostPool} from '../../shared/host-search.js';
import {unreachable, type Destination} from '../../shared/network-errors.js';
import {PoolSockets} from '../../shared/pool-sockets.js';
import {cancelStatement, sessionOf, type Session} from './cancel.js';
import {connectDriver, DEFAULT_PORT, type Driver} from './driver.js';

/** The longest wait for running statements when a pool is closed, in milliseconds. */
const CLOSE_TIMEOUT_MS = 5000;

/** The longest wait for a server to accept a cancel request, and to close its session, in milliseconds. */
const CANCEL_TIMEOUT_MS = 1000;

/** The longest wait for a server without a statement of ours to close its sessions, in milliseconds. */
const FAREWELL_TIMEOUT_MS = 100;

/** A pipelined statement starts when the one before it is cancelled, and needs another request. */
const MORE_CANCELS = 2;

/** The driver reports a lost connection less than a turn of the event loop after the statement's failure. */
const CLOSING_MS = 1;

/** The driver's promise of rows. */
type Query = ReturnType<Driver['unsafe']>;

/** Sends statements: a pool, or one transaction. */
export interface Asked {
  readonly unsafe: (text: string, parameters?: readonly unknown[], options?: {prepare?: boolean}) => Query;
}

/** A pool of connections to one host. Abandoned statements are cancelled on the server too. */
export class Pool implements Asked, HostPool {
  readonly destination: Destination;
  readonly typed: Driver['typed'];
  readonly #driver: Driver;
  readonly #sockets: PoolSockets;
  /** One statement per busy session, with a promise that settles when the session is done. */
  readonly #running = new Map<Query, PromiseLike<unknown>>();
  /** Counts commits without confirmation by a synchronous standby. It rises before their answers. */
  #unreplicated = 0;
  #lost = 0;

  /** @param url names one host */
  constructor(url: DatabaseUrl, destination: Destination) {
    const [{host, port = DEFAULT_PORT} = {host: 'localhost'}] = url.hosts;
    this.destination = destination;
    this.#sockets = new PoolSockets(host, port);
    this.#driver = connectDriver(url, this.#sockets, {
      unreplicated: () => {
        this.#unreplicated++;
      },
      lost: () => {
        this.#lost++;
      },
    });
    this.typed = this.#driver.typed;
  }

  /**
   * Runs work, and checks that synchronous standbys confirmed its commits. A failover would undo an
   * unconfirmed commit. It may be any of those in flight, so none is answered.
   *
   * @throws UniqueIDError `DATABASE_UNAVAILABLE` if a commit was not confirmed
   */
  async confirmed<T>(work: (pool: Pool) => Promise<T>): Promise<T> {
    const before = this.#unreplicated;
    const result = await work(this);
    if (this.#unreplicated === before) return result;
    throw unreachable(this.destination.location, 'its standby did not confirm a commit', undefined);
  }

  /** Counts the closed connections. It rises before a new connection replaces a closed one. */
  get lost(): number {
    return this.#lost;
  }

  unsafe(text: string, parameters: readonly unknown[] = [], options: {prepare?: boolean} = {}): Query {
    const query = this.#driver.unsafe(text, parameters as Parameters<Driver['unsafe']>[1], options);
    this.#watch(query, query);
    return query;
  }

  async begin<T>(work: (transaction: Asked) => Promise<T>): Promise<T> {
    let isWatched = false;
    let isOver = false;
    const done = this.#driver.begin(async (transaction) => {
      const unsafe = (text: string, parameters: readonly unknown[] = []): Query => {
        const query = transaction.unsafe(text, parameters as Parameters<Driver['unsafe']>[1]);
        // All statements of a transaction, including COMMIT, share one session.
        if (!isWatched) this.#watch(query, done);
        isWatched = true;
        return query;
      };
      try {
        return {value: await work({unsafe})};
      } catch (error) {
        await sleep(CLOSING_MS);
        // The driver has rejected the transaction, but would still send ROLLBACK over the lost connection. It
        // then throws in a timer, which ends the process, so its ROLLBACK must never begin.
        if (isOver) await new Promise(() => undefined);
        throw error;
      }
    });
    done.catch(() => {
      isOver = true;
    });
    return (await done).value;
  }

  /** Closes all connections, after a limited wait for running statements. */
  async close(): Promise<void> {
    await Promise.race([
      Promise.allSettled(this.#running.values()),
      sleep(CLOSE_TIMEOUT_MS, undefined, {ref: false}),
    ]);
    await this.giveUp();
  }

  /** Closes all connections now and cancels their statements: an abandoned statement keeps its session. */
  async giveUp(): Promise<void> {
    const sessions = [...this.#running.keys()].flatMap((query) => sessionOf(query) ?? []);
    // Cancel before closing: a pooler accepts the request only while the client is connected.
    await this.#cancel(sessions);
    await this.#driver.end({timeout: 0});
    const turns = sessions.length === 0 ? 0 : MORE_CANCELS;
    for (let turn = 0; turn < turns; turn++) {
      if (await this.#sockets.areClosed(CANCEL_TIMEOUT_MS)) return;
      await this.#cancel(sessions);
    }
    await this.#sockets.areClosed(FAREWELL_TIMEOUT_MS);
    this.#sockets.destroy();
  }

  async #cancel(sessions: readonly Session[]): Promise<void> {
    const {host, port} = this.#sockets;
    await Promise.all(sessions.map((session) => cancelStatement({host, port}, session, CANCEL_TIMEOUT_MS)));
  }

  #watch(query: Query, until: PromiseLike<unknown>): void {
    this.#running.set(query, until);
    const forget = (): void => {
      this.#running.delete(query);
    };
    void until.then(forget, forget);
  }
}
