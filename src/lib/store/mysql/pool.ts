import type {PoolConnection} from 'mysql2/promise';
import {redactDatabaseUrl, type DatabaseUrl} from '../../config/database-url.js';
import {UniqueIDError} from '../../core/errors.js';
import {withTimeLimit} from '../../util/time-limit.js';
import {unsuitable} from '../schema/verdict.js';
import {unreachable, type Destination} from '../shared/network-errors.js';
import {PATIENT_MS} from '../shared/network-store.js';
import type {CounterRow} from './claim/counter-row.js';
import type {Transaction} from './claim/many.js';
import {sendInTransaction} from './claim/transaction.js';
import {closePool, giveUpPool, openPool, type MysqlPool} from './connection.js';
import {fromMysqlError} from './errors.js';
import {settingsFlaw} from './structure.js';

/** Keeps a connection pool, and replaces it if the server does not answer. */
export class ReplaceablePool {
  readonly #url: DatabaseUrl;
  readonly #destination: Destination;
  #pool: MysqlPool;
  #settingsError: unknown;
  #closed: Promise<void> | undefined;

  constructor(url: DatabaseUrl) {
    this.#url = url;
    this.#destination = {location: redactDatabaseUrl(url), user: url.user, database: url.database};
    this.#pool = this.#openPool();
  }

  close(): Promise<void> {
    // The driver treats a second end as an error.
    this.#closed ??= closePool(this.#pool);
    return this.#closed;
  }

  /**
   * Runs `work` on a connection. A connection that fails is not reused. If one does not answer in time, all
   * are closed: after a network failure, for example, the others are dead too.
   */
  async use<T>(work: (connection: PoolConnection) => Promise<T>, limitMs = PATIENT_MS): Promise<T> {
    const pool = this.#pool;
    const connecting = pool.driver.getConnection();
    try {
      const result = await withTimeLimit(connecting.then(work), limitMs, () => this.#giveUp(pool));
      (await connecting).release();
      return result;
    } catch (error) {
      // Closing the connection is the only sure way to end a transaction that may be open.
      void connecting.then(
        (connection) => {
          connection.destroy();
        },
        () => undefined,
      );
      throw this.#settingsRejected() ?? (error instanceof UniqueIDError ? error : this.#translate(error));
    }
  }

  /** Runs `work` in a transaction of many texts; the time limit applies to each text. */
  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return this.use((connection) => work(this.#limited(connection)), Infinity);
  }

  #limited(connection: PoolConnection): Transaction {
    const pool = this.#pool;
    const limited = <T>(work: Promise<T>) => withTimeLimit(work, PATIENT_MS, () => this.#giveUp(pool));
    return {
      ask: async (text) =>
        (await limited(
          sendInTransaction(connection, `${text};`, this.#destination.location),
        )) as readonly CounterRow[][],
      end: async (how) => {
        await limited(connection.query(how));
      },
    };
  }

  #giveUp(pool: MysqlPool): UniqueIDError {
    if (this.#pool === pool && this.#closed === undefined) {
      this.#pool = this.#openPool();
      giveUpPool(pool);
    }
    return unreachable(this.#destination.location, 'it did not answer in time', undefined);
  }

  #openPool(): MysqlPool {
    return openPool(this.#url, (error) => {
      this.#settingsError = error;
    });
  }

  #translate(error: unknown): Error {
    return fromMysqlError(error, this.#destination);
  }

  /** Returns the error of a server that rejected the session settings; a lost connection is no rejection. */
  #settingsRejected(): UniqueIDError | undefined {
    const error = this.#settingsError;
    this.#settingsError = undefined;
    if (error === undefined || this.#translate(error) instanceof UniqueIDError) return undefined;
    return unsuitable(this.#destination.location, settingsFlaw, error);
  }
}
