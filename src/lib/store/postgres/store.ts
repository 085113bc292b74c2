import {redactDatabaseUrl, type DatabaseUrl} from '../../config/database-url.js';
import {tlsMismatch} from '../shared/network-errors.js';
import {HostFailover, type AskOptions} from '../shared/host-failover.js';
import {connected, DEFAULT_ANSWER_TIMEOUT_MS, PROBE_TIMEOUT_MS} from '../shared/network-store.js';
import {toCounter} from '../shared/counter-moves.js';
import {IDENTITY_PART} from '../shared/lineage.js';
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
import {isTlsMissing} from './connection/offers-tls.js';
import {Pool, type Asked} from './connection/pool.js';
import {fromPostgresError} from './errors.js';
import {advance} from './claim/advance.js';
import {fitnessCheck} from './fitness.js';
import {readFacts, readIdentity} from './facts.js';
import {moveCounters, raiseCounters} from './claim/moves.js';
import {Plans} from './claim/plans.js';
import {advanceRaised, readLineage, unlessReset} from './claim/raised.js';
import type {ConfirmableRow, Row} from './claim/rows.js';
import * as statements from './statements.js';
import {TablesInUse} from './tables.js';

/**
 * Connects to PostgreSQL.
 *
 * @throws UniqueIDError `DATABASE_*` if it cannot connect
 */
export async function openPostgresStore(url: DatabaseUrl, options: OpenOptions = {}): Promise<Store> {
  try {
    return await connected(new PostgresStore(url, options.answerTimeoutMs ?? DEFAULT_ANSWER_TIMEOUT_MS));
  } catch (error) {
    throw (await isTlsMissing(url)) ? tlsMismatch(redactDatabaseUrl(url), error) : error;
  }
}

/** The driver's promise of rows; the driver sends the statement when it is awaited. */
type Rows<T> = PromiseLike<readonly T[]>;

class PostgresStore implements Store {
  readonly location: string;
  readonly #url: DatabaseUrl;
  readonly #limit: AskOptions;
  readonly #hosts: HostFailover<Pool>;
  readonly #tables: TablesInUse;
  readonly #plans: Plans;

  constructor(url: DatabaseUrl, answerTimeoutMs: number) {
    this.location = redactDatabaseUrl(url);
    this.#url = url;
    this.#limit = {limitMs: answerTimeoutMs};
    this.#tables = new TablesInUse(this.location);
    this.#plans = new Plans(url.options);
    this.#hosts = new HostFailover(url, {
      open: (host, destination) => new Pool(host, destination),
      assertFit: fitnessCheck(url),
      prove: (pool) => pool.confirmed(() => this.#tables.probe(pool)),
      translate: fromPostgresError,
    });
  }

  async readSchema(): Promise<SchemaState> {
    const {state} = await this.#ask((pool) => this.#tables.lookAt(pool));
    // A migrator may be changing the tables: only a reading under its lock proves damage.
    return state.kind === 'damaged'
      ? this.#transaction((transaction) => this.#tables.lockAndRead(transaction))
      : state;
  }

  applyStep(step: MigrationStep): Promise<'applied' | 'already'> {
    return this.#transaction((transaction) => this.#tables.applyStep(transaction, step));
  }

  advance(claims: readonly Claim[], firstIndex: bigint): Promise<readonly ClaimResult[]> {
    return this.#ask((pool) => {
      const send = <T>(statement: string, parameters: readonly unknown[]): Rows<T> =>
        this.#query(pool, statement, parameters);
      const shared = {tables: this.#tables, plans: this.#plans, location: this.location};
      return advance({...shared, pool, send, firstIndex}, claims);
    }, this.#limit);
  }

  advanceRaised(
    claims: readonly Claim[],
    firstIndex: bigint,
    epoch: number,
  ): Promise<readonly ClaimResult[] | 'reset'> {
    return this.#ask(async (pool) => {
      await this.#tables.assertServable(pool);
      const raised = {claims, firstIndex, epoch, location: this.location};
      return unlessReset(this.#begin(pool, (transaction) => advanceRaised(transaction, pool.typed, raised)));
    }, this.#limit);
  }

  lineage(): Promise<Lineage> {
    return this.#ask(readLineage, this.#limit);
  }

  async ensureIdentity(candidate: number): Promise<void> {
    const parameters = [IDENTITY_PART, candidate];
    await this.#ask((pool) => pool.unsafe(statements.recordIdentity, parameters), this.#limit);
  }

  readCounters(modes: readonly string[]): Promise<readonly Counter[]> {
    return this.#ask(async (pool) => {
      const parameters = [pool.typed.texts(modes)];
      const rows = await this.#query<ConfirmableRow>(pool, statements.readConfirmable, parameters);
      // A standby that confirms this commit has all earlier ones.
      if (rows.some(({needsStandby}) => needsStandby)) await this.#tables.commitProbe(pool);
      return rows.map(toCounter);
    }, this.#limit);
  }

  counters({after, limit}: CounterPage = {}): Promise<readonly Counter[]> {
    return this.#ask(async (pool) => {
      const rows = await this.#query<Row>(pool, statements.listCounters, [after ?? null, limit ?? null]);
      return rows.map(toCounter);
    });
  }

  highestCounters(limit: number): Promise<readonly Counter[]> {
    return this.#ask(async (pool) => {
      const rows = await this.#query<Row>(pool, statements.highestCounters, [limit]);
      return rows.map(toCounter);
    });
  }

  counter(mode: string): Promise<Counter | undefined> {
    return this.#ask(async (pool) => {
      const [row] = await this.#query<Row>(pool, statements.readCounter, [mode]);
      return row === undefined ? undefined : toCounter(row);
    });
  }

  countModes(limit: number): Promise<number> {
    return this.#ask(async (pool) => {
      const [row] = await this.#query<{count: number}>(pool, statements.countModes, [limit]);
      return row?.count ?? 0;
    });
  }

  moveCounters(moves: readonly CounterMove[]): Promise<readonly Counter[]> {
    return this.#transaction((transaction, {typed}) => moveCounters(transaction, typed, moves));
  }

  raiseCounters(minimums: readonly CounterMinimum[], dryRun: boolean): Promise<readonly Raise[]> {
    return this.#transaction((transaction, {typed}) => raiseCounters(transaction, typed, minimums, dryRun));
  }

  /** Always exact: a table whose column compares otherwise, such as one of type citext, is rejected. */
  comparison(): Promise<Comparison> {
    return Promise.resolve({name: 'deterministic', kind: 'exact'});
  }

  probe(): Promise<void> {
    return this.#ask((pool) => this.#tables.probe(pool), {limitMs: PROBE_TIMEOUT_MS, sparesOthers: true});
  }

  identity(): Promise<string> {
    return this.#ask(readIdentity);
  }

  facts(): Promise<StoreFacts> {
    return this.#ask(readFacts);
  }

  close(): Promise<void> {
    return this.#hosts.close();
  }

  #query<T>(session: Asked, statement: string, parameters: readonly unknown[]): Rows<T> {
    return session.unsafe(this.#plans.renewed(statement), parameters, {prepare: this.#url.options.prepare});
  }

  #transaction<T>(work: (transaction: Asked, pool: Pool) => Promise<T>): Promise<T> {
    return this.#ask((pool) => this.#begin(pool, (transaction) => work(transaction, pool)));
  }

  #begin<T>(pool: Pool, work: (transaction: Asked) => Promise<T>): Promise<T> {
    return pool.begin(async (transaction) => {
      await transaction.unsafe(statements.beginDurable);
      return work(transaction);
    });
  }

  #ask<T>(work: (pool: Pool) => Promise<T>, options?: AskOptions): Promise<T> {
    return this.#hosts.ask((pool) => pool.confirmed(work), options);
  }
}
