import type {PoolConnection, RowDataPacket} from 'mysql2/promise';
import {redactDatabaseUrl, type DatabaseUrl} from '../../config/database-url.js';
import {UniqueIDError} from '../../core/errors.js';
import {conflict, unreachable} from '../shared/network-errors.js';
import {connected, DEFAULT_ANSWER_TIMEOUT_MS, PATIENT_MS, PROBE_TIMEOUT_MS} from '../shared/network-store.js';
import {toCounter} from '../shared/counter-moves.js';
import {CONVERT_ENGINE} from '../schema/structure.js';
import {decideStep, type MigrationStep} from '../schema/steps.js';
import {assertServable, schemaProblem, unsuitable} from '../schema/verdict.js';
import {interpretSchema, isSafe, type SchemaState} from '../schema/version.js';
import type {
  Advance,
  Claim,
  Comparison,
  Counter,
  CounterMove,
  CounterPage,
  Floor,
  OpenOptions,
  Raise,
  Store,
  StoreFacts,
} from '../store.js';
import {withTimeLimit} from '../../util/time-limit.js';
import {advance} from './claim/one-by-one.js';
import {readComparison} from './comparison.js';
import {closePool, giveUpPool, openPool, type MysqlPool} from './connection.js';
import {storedValue, type CounterRow} from './claim/counter-row.js';
import {fromMysqlError} from './errors.js';
import {readFacts} from './facts.js';
import * as many from './claim/many.js';
import {exactCollations, migrations} from './migrations.js';
import {writeProbe} from './probe.js';
import * as statements from './statements.js';
import {sendInTransaction} from './claim/transaction.js';
import {convertTables, readMysqlStructure, settingsFlaw} from './structure.js';
import {UnwritableClaims, withUnwritable} from './claim/unwritable-claims.js';

/** How long a migrator waits for another one, in seconds. */
const SCHEMA_LOCK_SECONDS = 60;

/**
 * Connects to MySQL or MariaDB.
 *
 * @throws UniqueIDError `DATABASE_*` where no connection can be had
 */
export function openMysqlStore(url: DatabaseUrl, options: OpenOptions = {}): Promise<Store> {
  return connected(new MysqlStore(url, options.answerTimeoutMs ?? DEFAULT_ANSWER_TIMEOUT_MS));
}

class MysqlStore implements Store {
  readonly location: string;
  readonly #url: DatabaseUrl;
  readonly #answerTimeoutMs: number;
  readonly #unwritable = new UnwritableClaims();
  #pool: MysqlPool;
  /** The driver's connections by which the tables were seen to be such that integers may be allocated. */
  #servable = new WeakSet<object>();
  readonly #galeraNodes = new WeakSet<object>();
  #settingsError: unknown;
  #closed: Promise<void> | undefined;

  constructor(url: DatabaseUrl, answerTimeoutMs: number) {
    this.location = redactDatabaseUrl(url);
    this.#url = url;
    this.#answerTimeoutMs = answerTimeoutMs;
    this.#pool = this.#openPool();
  }

  readSchema(): Promise<SchemaState> {
    return this.#attempt(async (connection) => {
      const state = await this.#lookAtTables(connection);
      // Somebody may be at work on the tables: what is damaged is so under the lock of the migrators too.
      return state.kind === 'damaged'
        ? this.#withSchemaLock(connection, () => this.#lookAtTables(connection))
        : state;
    });
  }

  applyStep(step: MigrationStep): Promise<'applied' | 'already'> {
    return this.#attempt((connection) =>
      this.#withSchemaLock(connection, async () => {
        if (decideStep(step, await this.#lookAtTables(connection), this.location) === 'already')
          return 'already';
        if (step.name === CONVERT_ENGINE) {
          await convertTables(connection);
          return 'applied';
        }
        for (const statement of migrations(await exactCollation(connection))[step.name])
          await connection.query(statement);
        await connection.beginTransaction();
        await connection.execute(statements.recordPart, ['major', step.to.major]);
        await connection.execute(statements.recordPart, ['minor', step.to.minor]);
        await connection.commit();
        return 'applied';
      }),
    );
  }

  async advance(claims: readonly Claim[], firstIndex: bigint): Promise<readonly Advance[]> {
    try {
      return await this.#advance(claims, firstIndex);
    } catch (error) {
      if (!(error instanceof UniqueIDError) || error.code !== 'INVALID_MODE') throw error;
      if (this.#unwritable.isActive) throw error;
      await this.#attempt((connection) => this.#unwritable.readCharset(connection), this.#answerTimeoutMs);
      return this.#advance(claims, firstIndex);
    }
  }

  counters(page: CounterPage = {}): Promise<readonly Counter[]> {
    return this.#attempt(async (connection) => {
      const [[column]] = await connection.query<RowDataPacket[]>(statements.readCollation);
      const isOrdered = statements.isInByteOrder(String(column?.['name']));
      const [rows] = await connection.query<CounterRow[]>(statements.listCounters(page, isOrdered));
      return rows.map((row) => toCounter({mode: row.mode, next: storedValue(row)}));
    });
  }

  highestCounters(limit: number): Promise<readonly Counter[]> {
    return this.#attempt(async (connection) => {
      const [rows] = await connection.query<CounterRow[]>(statements.highestCounters(limit));
      return rows.map((row) => toCounter({mode: row.mode, next: storedValue(row)}));
    });
  }

  counter(mode: string): Promise<Counter | undefined> {
    return this.#attempt((connection) => readCounter(connection, mode));
  }

  countModes(most: number): Promise<number> {
    return this.#attempt(async (connection) => {
      const [[row]] = await connection.query<RowDataPacket[]>(statements.countModes(most));
      return Number(row?.['count'] ?? 0);
    });
  }

  moveCounters(moves: readonly CounterMove[]): Promise<readonly Counter[]> {
    return this.#attempt((connection) => many.moveCounters(this.#transaction(connection), moves), Infinity);
  }

  raiseCounters(floors: readonly Floor[], dryRun: boolean): Promise<readonly Raise[]> {
    return this.#attempt(
      (connection) => many.raiseCounters(this.#transaction(connection), floors, dryRun),
      Infinity,
    );
  }

  comparison(): Promise<Comparison> {
    return this.#attempt(readComparison);
  }

  probe(): Promise<void> {
    return this.#attempt(async (connection) => {
      assertServable(await this.#lookAtTables(connection), this.location);
      await writeProbe(connection);
    }, PROBE_TIMEOUT_MS);
  }

  identity(): Promise<string> {
    return this.#attempt(async (connection) => {
      const [[row]] = await connection.query<RowDataPacket[]>(statements.readIdentity);
      return `mysql ${String(row?.['identity'])}`;
    });
  }

  facts(): Promise<StoreFacts> {
    return this.#attempt(readFacts);
  }

  close(): Promise<void> {
    // The driver takes a second end for an error.
    this.#closed ??= closePool(this.#pool);
    return this.#closed;
  }

  async #lookAtTables(connection: PoolConnection): Promise<SchemaState> {
    const {state, isGaleraNode} = await readSchema(connection);
    if (isGaleraNode) this.#galeraNodes.add(connection.connection);
    if (isSafe(state)) this.#servable.add(connection.connection);
    else this.#servable = new WeakSet();
    return state;
  }

  /**
   * Rejects tables that cannot be served. It looks once per connection, since a new one may lead to another server, and
   * again after a look that found the tables altered.
   */
  async #assertServable(connection: PoolConnection): Promise<void> {
    if (this.#servable.has(connection.connection)) return;
    const problem = schemaProblem(await this.#lookAtTables(connection), this.location);
    if (problem !== undefined) throw problem;
  }

  #advance(claims: readonly Claim[], firstIndex: bigint): Promise<readonly Advance[]> {
    const {location} = this;
    return this.#attempt(async (connection) => {
      await this.#assertServable(connection);
      const isGaleraNode = this.#galeraNodes.has(connection.connection);
      const place = {connection, firstIndex, location, isGaleraNode};
      const unwritable = await this.#unwritable.find(connection, claims);
      if (unwritable.size === 0) return advance(place, claims);
      const others = claims.filter(({mode}) => !unwritable.has(mode));
      const made = others.length === 0 ? [] : await advance(place, others);
      return withUnwritable(claims, unwritable, made, location);
    }, this.#answerTimeoutMs);
  }

  /** Asks for thousands of counters batch by batch: the limit is for each, however many they are. */
  #transaction(connection: PoolConnection): many.Transaction {
    const pool = this.#pool;
    const limited = <T>(work: Promise<T>) => withTimeLimit(work, PATIENT_MS, () => this.#giveUp(pool));
    return {
      ask: async (text) =>
        (await limited(sendInTransaction(connection, `${text};`, this.location))) as readonly CounterRow[][],
      end: async (how) => {
        await limited(connection.query(how));
      },
    };
  }

  /** Statements that define tables end a transaction here, so a lock keeps other migrators away instead. */
  async #withSchemaLock<T>(connection: PoolConnection, work: () => Promise<T>): Promise<T> {
    const lock = `uniqueid ${this.#url.database}`.slice(0, 64);
    const [[got]] = await connection.query<RowDataPacket[]>('SELECT GET_LOCK(?, ?) AS locked', [
      lock,
      SCHEMA_LOCK_SECONDS,
    ]);
    if (Number(got?.['locked']) !== 1) throw conflict(this.location, undefined);
    try {
      return await work();
    } finally {
      await connection.query('SELECT RELEASE_LOCK(?)', [lock]);
    }
  }

  /**
   * Does something on a connection; one that failed is not used again. If one does not answer in time, the others may be
   * as dead, such as after a network was cut: all are given up.
   */
  async #attempt<T>(work: (connection: PoolConnection) => Promise<T>, limitMs = PATIENT_MS): Promise<T> {
    const pool = this.#pool;
    const connected = pool.driver.getConnection();
    try {
      const result = await withTimeLimit(connected.then(work), limitMs, () => this.#giveUp(pool));
      (await connected).release();
      return result;
    } catch (error) {
      // It may be in the middle of a transaction: closing it is what surely ends that.
      void connected.then(
        (connection) => {
          connection.destroy();
        },
        () => undefined,
      );
      throw this.#settingsRejected() ?? (error instanceof UniqueIDError ? error : this.#translate(error));
    }
  }

  #giveUp(pool: MysqlPool): UniqueIDError {
    if (this.#pool === pool && this.#closed === undefined) {
      this.#pool = this.#openPool();
      giveUpPool(pool);
    }
    return unreachable(this.location, 'it did not answer in time', undefined);
  }

  #openPool(): MysqlPool {
    return openPool(this.#url, (error) => {
      this.#settingsError = error;
    });
  }

  #translate(error: unknown): Error {
    const {user, database} = this.#url;
    return fromMysqlError(error, {location: this.location, user, database});
  }

  /** A server that rejects the rules of our sessions; one that was cut or is stopping did not reject them. */
  #settingsRejected(): UniqueIDError | undefined {
    const error = this.#settingsError;
    this.#settingsError = undefined;
    if (error === undefined || this.#translate(error) instanceof UniqueIDError) return undefined;
    return unsuitable(this.location, settingsFlaw, error);
  }
}

async function readSchema(
  connection: PoolConnection,
): Promise<{readonly state: SchemaState; readonly isGaleraNode: boolean}> {
  const {tables, flaw, isGaleraNode} = await readMysqlStructure(connection);
  const names = tables.map(({name}) => name);
  const hasSystem = names.includes('uniqueindexsystem');
  const [rows] = hasSystem ? await connection.query<RowDataPacket[]>(statements.readParts) : [[]];
  const state = interpretSchema({
    hasCounters: names.includes('uniqueindex'),
    hasSystem,
    parts: new Map(rows.map((row) => [String(row['part']), row['value'] as unknown])),
    flaw,
  });
  return {state, isGaleraNode};
}

async function readCounter(connection: PoolConnection, mode: string): Promise<Counter | undefined> {
  const [[row]] = await connection.query<CounterRow[]>(statements.readCounter(mode));
  return row === undefined ? undefined : toCounter({mode, next: storedValue(row)});
}

async function exactCollation(connection: PoolConnection): Promise<string> {
  const [rows] = await connection.query<RowDataPacket[]>(
    'SELECT collation_name AS name FROM information_schema.collations WHERE collation_name IN (?)',
    [exactCollations],
  );
  const known = rows.map((row) => String(row['name']));
  return exactCollations.find((name) => known.includes(name)) ?? 'utf8mb4_bin';
}
