import {MAX_COUNTER} from '../../core/range.js';
import {redactDatabaseUrl, type DatabaseUrl} from '../../config/database-url.js';
import {tlsMismatch} from '../shared/network-errors.js';
import {connected, DEFAULT_ANSWER_TIMEOUT_MS, PROBE_TIMEOUT_MS} from '../shared/network-store.js';
import {isCounterValue} from '../shared/counter-value.js';
import {findConflict, raised, rejection, toCounter} from '../shared/counter-moves.js';
import type {MigrationStep} from '../schema/steps.js';
import {alteredFlaw} from '../schema/structure.js';
import {unsuitable} from '../schema/verdict.js';
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
import {HostFailover} from './connection/failover.js';
import {isTlsMissing} from './connection/offers-tls.js';
import type {Asked, Pool} from './connection/pool.js';
import {readFacts, readIdentity} from './facts.js';
import * as statements from './statements.js';
import {TablesInUse} from './tables.js';

/**
 * Connects to PostgreSQL, or to what speaks its protocol (CockroachDB, YugabyteDB).
 *
 * @throws UniqueIDError `DATABASE_*` where no connection can be had
 */
export async function openPostgresStore(url: DatabaseUrl, options: OpenOptions = {}): Promise<Store> {
  try {
    return await connected(new PostgresStore(url, options.answerTimeoutMs ?? DEFAULT_ANSWER_TIMEOUT_MS));
  } catch (error) {
    throw (await isTlsMissing(url)) ? tlsMismatch(redactDatabaseUrl(url), error) : error;
  }
}

/** The driver's promise of rows, sent when it is awaited. */
type Rows<T> = PromiseLike<readonly T[]>;

interface Row {
  mode: string;
  next: bigint;
}

/** A counter that was advanced, and the number of its table where the server tells. */
interface AdvancedRow extends Row {
  readonly table?: number;
}

class PostgresStore implements Store {
  readonly location: string;
  readonly #url: DatabaseUrl;
  readonly #answerTimeoutMs: number;
  readonly #advance: string;
  readonly #advanceExisting: string;
  readonly #canSetCommit: boolean;
  readonly #hosts: HostFailover;
  readonly #tables: TablesInUse;

  constructor(url: DatabaseUrl, answerTimeoutMs: number) {
    this.location = redactDatabaseUrl(url);
    this.#url = url;
    this.#answerTimeoutMs = answerTimeoutMs;
    this.#canSetCommit = url.scheme !== 'cockroachdb';
    this.#advance = statements.advanceStatement(this.#canSetCommit);
    this.#advanceExisting = statements.advanceExistingStatement(this.#canSetCommit);
    this.#hosts = new HostFailover(url);
    this.#tables = new TablesInUse(this.location, this.#canSetCommit);
  }

  async readSchema(): Promise<SchemaState> {
    const {state} = await this.#hosts.ask((pool) => this.#tables.lookAt(pool));
    // Somebody may be at work on the tables: what is damaged is so under the lock of the migrators too.
    return state.kind === 'damaged'
      ? this.#transaction((transaction) => this.#tables.lockAndRead(transaction))
      : state;
  }

  applyStep(step: MigrationStep): Promise<'applied' | 'already'> {
    return this.#transaction((transaction) => this.#tables.applyStep(transaction, step));
  }

  advance(claims: readonly Claim[], firstIndex: bigint): Promise<readonly ClaimResult[]> {
    return this.#hosts.ask(async (pool) => {
      let counters = await this.#tables.assertServable(pool);
      const granted = new Map<string, bigint>();
      const usual = claims.filter(({count}) => count <= MAX_COUNTER - firstIndex);
      const take = async (rows: Rows<AdvancedRow>): Promise<void> => {
        for (const {mode, next, table = counters} of await rows) {
          if (table !== counters) counters = await this.#tables.assertReplaced(pool, table);
          granted.set(mode, next);
        }
      };
      if (usual.length > 0) {
        const modes = pool.typed.texts(usual.map(({mode}) => mode));
        const counts = pool.typed.bigints(usual.map(({count}) => count));
        const minimums = pool.typed.bigints(usual.map(({minimum}) => minimum));
        const mayCreate = pool.typed.booleans(usual.map((claim) => claim.mayCreate));
        await take(this.#ask<Row>(pool, this.#advance, [modes, counts, firstIndex, minimums, mayCreate]));
      }
      for (const {mode, count, minimum} of claims) {
        if (count > MAX_COUNTER - firstIndex && count <= MAX_COUNTER) {
          await take(this.#ask<Row>(pool, this.#advanceExisting, [mode, count, minimum]));
        }
      }
      return granted.size === claims.length
        ? claims.map(({mode}) => this.#grantOf(granted, mode))
        : this.#explain(pool, claims, granted, firstIndex);
    }, this.#answerTimeoutMs);
  }

  counters({after, limit}: CounterPage = {}): Promise<readonly Counter[]> {
    return this.#hosts.ask(async (pool) => {
      const rows = await this.#ask<Row>(pool, statements.listCounters, [after ?? null, limit ?? null]);
      return rows.map(toCounter);
    });
  }

  highestCounters(limit: number): Promise<readonly Counter[]> {
    return this.#hosts.ask(async (pool) => {
      const rows = await this.#ask<Row>(pool, statements.highestCounters, [limit]);
      return rows.map(toCounter);
    });
  }

  counter(mode: string): Promise<Counter | undefined> {
    return this.#hosts.ask(async (pool) => {
      const [row] = await this.#ask<Row>(pool, statements.readCounter, [mode]);
      return row === undefined ? undefined : toCounter(row);
    });
  }

  countModes(most: number): Promise<number> {
    return this.#hosts.ask(async (pool) => {
      const [row] = await this.#ask<{count: number}>(pool, statements.countModes, [most]);
      return row?.count ?? 0;
    });
  }

  moveCounters(moves: readonly CounterMove[]): Promise<readonly Counter[]> {
    return this.#transaction(async (transaction) => {
      const modes = this.#hosts.pool.typed.texts(moves.map(({mode}) => mode));
      const rows = await this.#ask<Row>(transaction, statements.lockCounters, [modes]);
      const now = new Map(rows.map((row) => [row.mode, toCounter(row)]));
      const moved = moves.flatMap((move) => findConflict(move, now.get(move.mode)));
      if (moved.length === 0) {
        const nexts = this.#hosts.pool.typed.bigints(moves.map(({to}) => to));
        await transaction.unsafe(statements.moveCounters, [modes, nexts]);
      }
      return moved;
    });
  }

  raiseCounters(minimums: readonly CounterMinimum[], dryRun: boolean): Promise<readonly Raise[]> {
    return this.#transaction(async (transaction) => {
      const modes = this.#hosts.pool.typed.texts(minimums.map(({mode}) => mode));
      const look = dryRun ? statements.readCounters : statements.lockCounters;
      const rows = await this.#ask<Row>(transaction, look, [modes]);
      const now = new Map(rows.map((row) => [row.mode, toCounter(row).next]));
      if (!dryRun) {
        const nexts = this.#hosts.pool.typed.bigints(minimums.map(({next}) => next));
        await transaction.unsafe(statements.putCounters, [modes, nexts]);
      }
      return minimums.map((minimum) => raised(minimum, now.get(minimum.mode)));
    });
  }

  /** A column that compares otherwise, such as one of citext, is rejected with its table. */
  comparison(): Promise<Comparison> {
    return Promise.resolve({name: 'deterministic', kind: 'exact'});
  }

  probe(): Promise<void> {
    return this.#hosts.ask((pool) => this.#tables.probe(pool), PROBE_TIMEOUT_MS, true);
  }

  identity(): Promise<string> {
    return this.#hosts.ask(readIdentity);
  }

  facts(): Promise<StoreFacts> {
    return this.#hosts.ask((pool) => readFacts(pool, this.#canSetCommit));
  }

  close(): Promise<void> {
    return this.#hosts.close();
  }

  /** A group in which something was refused: the counters tell why, and only ever grow. */
  async #explain(
    pool: Pool,
    claims: readonly Claim[],
    granted: ReadonlyMap<string, bigint>,
    firstIndex: bigint,
  ): Promise<ClaimResult[]> {
    const refused = claims.filter(({mode}) => !granted.has(mode)).map(({mode}) => mode);
    const modes = pool.typed.texts(refused);
    const rows = await this.#ask<Row>(pool, statements.readCounters, [modes]);
    const stored = new Map(rows.map(({mode, next}) => [mode, next]));
    return claims.map((claim) =>
      granted.has(claim.mode)
        ? this.#grantOf(granted, claim.mode)
        : rejection(claim, stored.get(claim.mode), firstIndex, this.location),
    );
  }

  /** An altered table may answer with a mode that it padded, or with a value of another type. */
  #grantOf(granted: ReadonlyMap<string, unknown>, mode: string): ClaimResult {
    const next = granted.get(mode);
    if (isCounterValue(next)) return {kind: 'granted', next};
    this.#tables.forget();
    throw unsuitable(this.location, alteredFlaw);
  }

  #ask<T>(asked: Asked, statement: string, parameters: readonly unknown[]): Rows<T> {
    return asked.unsafe(statement, parameters, {prepare: this.#url.options.prepare});
  }

  #transaction<T>(work: (transaction: Asked) => Promise<T>): Promise<T> {
    return this.#hosts.ask((pool) =>
      pool.begin(async (transaction) => {
        if (this.#canSetCommit) await transaction.unsafe(statements.durable);
        return work(transaction);
      }),
    );
  }
}
