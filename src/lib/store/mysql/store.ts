import type {PoolConnection, RowDataPacket} from 'mysql2/promise';
import {redactDatabaseUrl, type DatabaseUrl} from '../../config/database-url.js';
import {UniqueIDError} from '../../core/errors.js';
import {connected, DEFAULT_ANSWER_TIMEOUT_MS, PROBE_TIMEOUT_MS} from '../shared/network-store.js';
import {toCounter} from '../shared/counter-moves.js';
import type {MigrationStep} from '../schema/steps.js';
import type {SchemaState} from '../schema/version.js';
import type {
  Claim,
  ClaimResult,
  Comparison,
  Counter,
  CounterMinimum,
  CounterMove,
  CounterPage,
  OpenOptions,
  Raise,
  Store,
  StoreFacts,
} from '../store.js';
import {advance} from './claim/one-by-one.js';
import {storedValue, type CounterRow} from './claim/counter-row.js';
import {readFacts} from './facts.js';
import * as many from './claim/many.js';
import {ReplaceablePool} from './pool.js';
import * as statements from './statements.js';
import {readComparison, TablesInUse} from './tables.js';
import {UnwritableClaims, withUnwritable} from './claim/unwritable-claims.js';

/**
 * Connects to MySQL or MariaDB.
 *
 * @throws UniqueIDError `DATABASE_*` if it cannot connect
 */
export function openMysqlStore(url: DatabaseUrl, options: OpenOptions = {}): Promise<Store> {
  return connected(new MysqlStore(url, options.answerTimeoutMs ?? DEFAULT_ANSWER_TIMEOUT_MS));
}

class MysqlStore implements Store {
  readonly location: string;
  readonly #answerTimeoutMs: number;
  readonly #unwritable = new UnwritableClaims();
  readonly #pool: ReplaceablePool;
  readonly #tables: TablesInUse;

  constructor(url: DatabaseUrl, answerTimeoutMs: number) {
    this.location = redactDatabaseUrl(url);
    this.#answerTimeoutMs = answerTimeoutMs;
    this.#pool = new ReplaceablePool(url);
    this.#tables = new TablesInUse(this.location, url.database);
  }

  readSchema(): Promise<SchemaState> {
    return this.#pool.use((connection) => this.#tables.readSchema(connection));
  }

  applyStep(step: MigrationStep): Promise<'applied' | 'already'> {
    return this.#pool.use((connection) => this.#tables.applyStep(connection, step));
  }

  async advance(claims: readonly Claim[], firstIndex: bigint): Promise<readonly ClaimResult[]> {
    try {
      return await this.#advance(claims, firstIndex);
    } catch (error) {
      if (!(error instanceof UniqueIDError) || error.code !== 'INVALID_MODE') throw error;
      if (this.#unwritable.isActive) throw error;
      await this.#pool.use((connection) => this.#unwritable.readCharset(connection), this.#answerTimeoutMs);
      return this.#advance(claims, firstIndex);
    }
  }

  counters(page: CounterPage = {}): Promise<readonly Counter[]> {
    return this.#pool.use(async (connection) => {
      const [[column]] = await connection.query<RowDataPacket[]>(statements.readCollation);
      const isOrdered = statements.isInByteOrder(String(column?.['name']));
      const [rows] = await connection.query<CounterRow[]>(statements.listCounters(page, isOrdered));
      return rows.map((row) => toCounter({mode: row.mode, next: storedValue(row)}));
    });
  }

  highestCounters(limit: number): Promise<readonly Counter[]> {
    return this.#pool.use(async (connection) => {
      const [rows] = await connection.query<CounterRow[]>(statements.highestCounters(limit));
      return rows.map((row) => toCounter({mode: row.mode, next: storedValue(row)}));
    });
  }

  counter(mode: string): Promise<Counter | undefined> {
    return this.#pool.use((connection) => readCounter(connection, mode));
  }

  countModes(limit: number): Promise<number> {
    return this.#pool.use(async (connection) => {
      const [[row]] = await connection.query<RowDataPacket[]>(statements.countModes(limit));
      return Number(row?.['count'] ?? 0);
    });
  }

  moveCounters(moves: readonly CounterMove[]): Promise<readonly Counter[]> {
    return this.#pool.transaction((transaction) => many.moveCounters(transaction, moves));
  }

  raiseCounters(minimums: readonly CounterMinimum[], dryRun: boolean): Promise<readonly Raise[]> {
    return this.#pool.transaction((transaction) => many.raiseCounters(transaction, minimums, dryRun));
  }

  comparison(): Promise<Comparison> {
    return this.#pool.use(readComparison);
  }

  probe(): Promise<void> {
    return this.#pool.use((connection) => this.#tables.probe(connection), PROBE_TIMEOUT_MS);
  }

  identity(): Promise<string> {
    return this.#pool.use(async (connection) => {
      const [[row]] = await connection.query<RowDataPacket[]>(statements.readIdentity);
      return `mysql ${String(row?.['identity'])}`;
    });
  }

  facts(): Promise<StoreFacts> {
    return this.#pool.use(readFacts);
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  #advance(claims: readonly Claim[], firstIndex: bigint): Promise<readonly ClaimResult[]> {
    const {location} = this;
    return this.#pool.use(async (connection) => {
      await this.#tables.assertServable(connection);
      const isGaleraNode = this.#tables.isGaleraNode(connection);
      const context = {connection, firstIndex, location, isGaleraNode};
      const unwritable = await this.#unwritable.find(connection, claims);
      if (unwritable.size === 0) return advance(context, claims);
      const writable = claims.filter(({mode}) => !unwritable.has(mode));
      const results = writable.length === 0 ? [] : await advance(context, writable);
      return withUnwritable(claims, unwritable, results, location);
    }, this.#answerTimeoutMs);
  }
}

async function readCounter(connection: PoolConnection, mode: string): Promise<Counter | undefined> {
  const [[row]] = await connection.query<CounterRow[]>(statements.readCounter(mode));
  return row === undefined ? undefined : toCounter({mode, next: storedValue(row)});
}
