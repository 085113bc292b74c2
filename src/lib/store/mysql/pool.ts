import type {PoolConnection} from 'mysql2/promise';
import type {DatabaseUrl} from '../../config/database-url.js';
import {UniqueIDError} from '../../core/errors.js';
import {withTimeLimit} from '../../util/time-limit.js';
import {unsuitable} from '../schema/verdict.js';
import type {HostPool} from '../shared/host-search.js';
import {unreachable, type Destination} from '../shared/network-errors.js';
import {PATIENT_MS} from '../shared/network-store.js';
import type {CounterRow} from './claim/counter-row.js';
import type {Transaction} from './claim/many.js';
import {sendInTransaction} from './claim/transaction.js';
import {closePool, giveUpPool, openPool, type DriverPool} from './connection.js';
import {fromMysqlError} from './errors.js';
import {settingsFlaw} from './structure.js';

/** A pool of connections to one host. */
export class MysqlPool implements HostPool {
  readonly destination: Destination;
  readonly #pool: DriverPool;
  #settingsError: unknown;
  #closed: Promise<void> | undefined;

  /** @param url names one host */
  constructor(url: DatabaseUrl, destination: Destination) {
    this.destination = destination;
    this.#pool = openPool(url, (error) => {
      this.#settingsError = error;
    });
  }

  close(): Promise<void> {
    // The driver treats a second end as an error.
    this.#closed ??= closePool(this.#pool);
    return this.#closed;
  }

  giveUp(): Promise<void> {
    giveUpPool(this.#pool);
    this.#closed = Promise.resolve();
    return this.#closed;
  }

  /** Runs `work` on a connection. A connection that fails is not reused. */
  async use<T>(work: (connection: PoolConnection) => Promise<T>): Promise<T> {
    let connection: PoolConnection | undefined;
    try {
      connection = await this.#pool.driver.getConnection();
      const result = await work(connection);
      connection.release();
      return result;
    } catch (error) {
      // Closing the connection is the only sure way to end a transaction that may be open.
      connection?.destroy();
      throw this.#settingsRejected() ?? error;
    }
  }

  /** Runs `work` in a transaction of many texts, each with its own time limit. */
  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return this.use((connection) => work(this.#limited(connection)));
  }

  #limited(connection: PoolConnection): Transaction {
    const {location} = this.destination;
    const limited = <T>(work: Promise<T>): Promise<T> =>
      withTimeLimit(work, PATIENT_MS, () => unreachable(location, 'it did not answer in time', undefined));
    return {
      ask: async (text) =>
        (await limited(sendInTransaction(connection, `${text};`, location))) as readonly CounterRow[][],
      end: async (how) => {
        await limited(connection.query(how));
      },
    };
  }

  /** Returns the error of a server that rejected the session settings; a lost connection is no rejection. */
  #settingsRejected(): UniqueIDError | undefined {
    const error = this.#settingsError;
    this.#settingsError = undefined;
    if (error === undefined || fromMysqlError(error, this.destination) instanceof UniqueIDError)
      return undefined;
    return unsuitable(this.destination.location, settingsFlaw, error);
  }
}
