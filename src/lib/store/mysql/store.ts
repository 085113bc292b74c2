import type {PoolConnection, RowDataPacket} from 'mysql2/promise';
import {redactDatabaseUrl, type DatabaseUrl} from '../../config/database-url.js';
import {UniqueIDError} from '../../core/errors.js';
import {HostFailover, type AskOptions} from '../shared/host-failover.js';
import {connected, DEFAULT_ANSWER_TIMEOUT_MS, PROBE_TIMEOUT_MS} from '../shared/network-store.js';
import {toCounter} from '../shared/counter-moves.js';
import {IDENTITY_PART, toLineage} from '../shared/lineage.js';
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
  Lineage,
  OpenOptions,
  Raise,
  Store,
  StoreFacts,
} from '../store.js';
import {batches} from './claim/batches.js';
import {advance} from './claim/one-by-one.js';
import {storedValue, type CounterRow} from './claim/counter-row.js';
import {fromMysqlError} from './errors.js';
import {advanceRaised} from './claim/raised.js';
import {readFacts} from './facts.js';
import {assertFit, assertWritable} from './fitness.js';
import * as many from './claim/many.js';
import {MysqlPool} from './pool.js';
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
  readonly #limit: AskOptions;
  readonly #unwritable = new UnwritableClaims();
  readonly #hosts: HostFailover<MysqlPool>;
  readonly #tables: TablesInUse;
  readonly #hasOthers: boolean;

  constructor(url: DatabaseUrl, answerTimeoutMs: number) {
    this.location = redactDatabaseUrl(url);
    this.#limit = {limitMs: answerTimeoutMs};
    this.#tables = new TablesInUse(this.location, url.database);
    this.#hasOthers = url.hosts.length > 1;
    this.#hosts = new HostFailover(url, {
      open: (host, destination) => new MysqlPool(host, destination),
      assertFit: this.#hasOthers
        ? (pool) => pool.use((connection) => assertFit(connection, pool.destination.location))
        : undefined,
      prove: (pool) => this.#probe(pool),
      translate: fromMysqlError,
    });
  }

  readSchema(): Promise<SchemaState> {
    return this.#use((connection) => this.#tables.readSchema(connection));
  }

  applyStep(step: MigrationStep): Promise<'applied' | 'already'> {
    return this.#use((connection) => this.#tables.applyStep(connection, step));
  }

  async advance(claims: readonly Claim[], firstIndex: bigint): Promise<readonly ClaimResult[]> {
    try {
      return await this.#advance(claims, firstIndex);
    } catch (error) {
      if (!(error instanceof UniqueIDError) || error.code !== 'INVALID_MODE') throw error;
      if (this.#unwritable.isActive) throw error;
      await this.#use((connection) => this.#unwritable.readCharset(connection), this.#limit);
      return this.#advance(claims, firstIndex);
    }
  }

  async advanceRaised(
    claims: readonly Claim[],
    firstIndex: bigint,
    epoch: number,
  ): Promise<readonly ClaimResult[] | 'reset'> {
    const {location} = this;
    return this.#hosts.ask(async (pool) => {
      await pool.use((connection) => this.#tables.assertServable(connection));
      return pool.transaction((transaction) =>
        advanceRaised(transaction, {claims, firstIndex, epoch, location}),
      );
    }, this.#limit);
  }

  lineage(): Promise<Lineage> {
    return this.#useCurrent(async (connection) => {
      const [rows] = await connection.query<(RowDataPacket & {part: string; value: unknown})[]>(
        statements.readParts,
      );
      return toLineage(rows);
    }, this.#limit);
  }

  async ensureIdentity(candidate: number): Promise<void> {
    await this.#use(
      (connection) => connection.query(statements.recordNewPart, [IDENTITY_PART, candidate]),
      this.#limit,
    );
  }

  readCounters(modes: readonly string[]): Promise<readonly Counter[]> {
    return this.#useCurrent(async (connection) => {
      const counters: Counter[] = [];
      for (const batch of batches(modes.map((mode) => ({mode})))) {
        const text = statements.readCounters(batch.map(({mode}) => mode));
        const [rows] = await connection.query<CounterRow[]>(text);
        for (const row of rows) counters.push(toCounter({mode: row.mode, next: storedValue(row)}));
      }
      return counters;
    }, this.#limit);
  }

  counters(page: CounterPage = {}): Promise<readonly Counter[]> {
    return this.#useCurrent(async (connection) => {
      const [[column]] = await connection.query<RowDataPacket[]>(statements.readCollation);
      const isOrdered = statements.isInByteOrder(String(column?.['name']));
      const [rows] = await connection.query<CounterRow[]>(statements.listCounters(page, isOrdered));
      return rows.map((row) => toCounter({mode: row.mode, next: storedValue(row)}));
    });
  }

  highestCounters(limit: number): Promise<readonly Counter[]> {
    return this.#use(async (connection) => {
      const [rows] = await connection.query<CounterRow[]>(statements.highestCounters(limit));
      return rows.map((row) => toCounter({mode: row.mode, next: storedValue(row)}));
    });
  }

  counter(mode: string): Promise<Counter | undefined> {
    return this.#useCurrent((connection) => readCounter(connection, mode));
  }

  countModes(limit: number): Promise<number> {
    return this.#use(async (connection) => {
      const [[row]] = await connection.query<RowDataPacket[]>(statements.countModes(limit));
      return Number(row?.['count'] ?? 0);
    });
  }

  async moveCounters(moves: readonly CounterMove[]): Promise<readonly Counter[]> {
    const {kind} = await this.comparison();
    return this.#transaction((transaction) => many.moveCounters(transaction, moves, kind));
  }

  raiseCounters(minimums: readonly CounterMinimum[], dryRun: boolean): Promise<readonly Raise[]> {
    return this.#transaction((transaction) => many.raiseCounters(transaction, minimums, dryRun));
  }

  comparison(): Promise<Comparison> {
    return this.#use(readComparison, this.#limit);
  }

  probe(): Promise<void> {
    const limit = {limitMs: PROBE_TIMEOUT_MS, sparesOthers: true};
    return this.#hosts.ask((pool) => this.#probe(pool), limit);
  }

  identity(): Promise<string> {
    return this.#use(async (connection) => {
      const [[row]] = await connection.query<RowDataPacket[]>(statements.readIdentity);
      return `mysql ${String(row?.['identity'])}`;
    });
  }

  facts(): Promise<StoreFacts> {
    return this.#use(readFacts);
  }

  close(): Promise<void> {
    return this.#hosts.close();
  }

  #use<T>(work: (connection: PoolConnection) => Promise<T>, options?: AskOptions): Promise<T> {
    return this.#hosts.ask((pool) => pool.use(work), options);
  }

  /** Like `#use`, but a Galera node first applies what the others have committed before this call. */
  #useCurrent<T>(work: (connection: PoolConnection) => Promise<T>, options?: AskOptions): Promise<T> {
    return this.#use(async (connection) => {
      if (!(await this.#tables.findsGaleraNode(connection))) return work(connection);
      await connection.query('SET SESSION wsrep_sync_wait = 1');
      const result = await work(connection);
      // Allocations need no such wait: their commit fails if the node did not know the latest counter.
      await connection.query('SET SESSION wsrep_sync_wait = DEFAULT');
      return result;
    }, options);
  }

  #transaction<T>(work: (transaction: many.Transaction) => Promise<T>): Promise<T> {
    return this.#hosts.ask((pool) => pool.transaction(work), {limitMs: Infinity});
  }

  #probe(pool: MysqlPool): Promise<void> {
    return pool.use(async (connection) => {
      if (this.#hasOthers) await assertWritable(connection, pool.destination.location);
      await this.#tables.probe(connection);
    });
  }

  #advance(claims: readonly Claim[], firstIndex: bigint): Promise<readonly ClaimResult[]> {
    const {location} = this;
    return this.#use(async (connection) => {
      await this.#tables.assertServable(connection);
      const isGaleraNode = this.#tables.isGaleraNode(connection);
      const context = {connection, firstIndex, location, isGaleraNode};
      const unwritable = await this.#unwritable.find(connection, claims);
      if (unwritable.size === 0) return advance(context, claims);
      const writable = claims.filter(({mode}) => !unwritable.has(mode));
      const results = writable.length === 0 ? [] : await advance(context, writable);
      return withUnwritable(claims, unwritable, results, location);
    }, this.#limit);
  }
}

async function readCounter(connection: PoolConnection, mode: string): Promise<Counter | undefined> {
  const [[row]] = await connection.query<CounterRow[]>(statements.readCounter(mode));
  return row === undefined ? undefined : toCounter({mode, next: storedValue(row)});
}
