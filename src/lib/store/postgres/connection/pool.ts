import {setTimeout as sleep} from 'node:timers/promises';
import type {DatabaseUrl} from '../../../config/database-url.js';
import {PoolSockets} from '../../shared/pool-sockets.js';
import {cancelStatement, sessionOf, type Session} from './cancel.js';
import {connectDriver, DEFAULT_PORT, type Driver} from './driver.js';

/** Statements under way may take this long to end when a pool is closed, in milliseconds. */
const CLOSE_PATIENCE_MS = 5000;

/** A server may take this long to accept a cancel request, and to close what it cancelled, in milliseconds. */
const CANCEL_TIMEOUT_MS = 1000;

/** A statement that was sent behind another one starts when that one is cancelled: it needs a request of its own. */
const MORE_CANCELS = 2;

/** The driver's promise of rows. */
type Query = ReturnType<Driver['unsafe']>;

/** Sends statements: a pool, or one transaction. */
export interface Asked {
  readonly unsafe: (text: string, parameters?: readonly unknown[], options?: {prepare?: boolean}) => Query;
}

/** Connections to one of the URL's hosts. What a pool gives up also ends on the server. */
export class Pool implements Asked {
  readonly typed: Driver['typed'];
  readonly #driver: Driver;
  readonly #sockets: PoolSockets;
  /** The statements that tell which sessions work, and what settles when each is done. */
  readonly #underWay = new Map<Query, PromiseLike<unknown>>();
  #unreplicated = 0;
  #lost = 0;

  /** @param index the host, counted from 0, and past the last one from the first again */
  constructor(url: DatabaseUrl, index: number) {
    const {host = 'localhost', port = DEFAULT_PORT} = url.hosts[index % url.hosts.length] ?? {};
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

  /** Counts the commits that no synchronous standby has confirmed. It rises before such a commit is answered. */
  get unreplicated(): number {
    return this.#unreplicated;
  }

  /** Counts the connections that were closed. It rises before another one takes the place of such a connection. */
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
    const done = this.#driver.begin(async (transaction) => {
      const unsafe = (text: string, parameters: readonly unknown[] = []): Query => {
        const query = transaction.unsafe(text, parameters as Parameters<Driver['unsafe']>[1]);
        // All statements of a transaction have one session, the commit included.
        if (!isWatched) this.#watch(query, done);
        isWatched = true;
        return query;
      };
      return {value: await work({unsafe})};
    });
    return (await done).value;
  }

  /** Ends all connections; statements under way get a while to end before. */
  async close(): Promise<void> {
    await Promise.race([
      Promise.allSettled(this.#underWay.values()),
      sleep(CLOSE_PATIENCE_MS, undefined, {ref: false}),
    ]);
    await this.giveUp();
  }

  /** Ends all connections now, and on the server the statements that run there: an abandoned one keeps its session. */
  async giveUp(): Promise<void> {
    const sessions = [...this.#underWay.keys()].flatMap((query) => sessionOf(query) ?? []);
    // Before the connections end: a pooler takes a request only from a client that is still there.
    await this.#cancel(sessions);
    await this.#driver.end({timeout: 0});
    for (let turn = 0; turn < MORE_CANCELS; turn++) {
      if (await this.#sockets.areClosed(CANCEL_TIMEOUT_MS)) return;
      await this.#cancel(sessions);
    }
    this.#sockets.destroy();
  }

  async #cancel(sessions: readonly Session[]): Promise<void> {
    const {host, port} = this.#sockets;
    await Promise.all(sessions.map((session) => cancelStatement({host, port}, session, CANCEL_TIMEOUT_MS)));
  }

  #watch(query: Query, until: PromiseLike<unknown>): void {
    this.#underWay.set(query, until);
    const forget = (): void => {
      this.#underWay.delete(query);
    };
    void until.then(forget, forget);
  }
}
