import {MAX_COUNTER} from '../../core/range.js';
import {redactDatabaseUrl, type DatabaseUrl} from '../../config/database-url.js';
import {UniqueIDError} from '../../core/errors.js';
import {conflict, readOnlyServer, tlsRefused, unreachable} from '../shared/network-errors.js';
import {connected, DEFAULT_ANSWER_TIMEOUT_MS, PATIENT_MS, PROBE_TIMEOUT_MS} from '../shared/network-store.js';
import {isCounterValue} from '../shared/counter-value.js';
import {movedMeanwhile, raised, refusal, toCounter} from '../shared/counter-moves.js';
import {decideStep, type MigrationStep} from '../schema/steps.js';
import {alteredFlaw} from '../schema/structure.js';
import {assertServable, schemaMissing, unsuitable} from '../schema/verdict.js';
import {interpretSchema, isSafe, type SchemaReading, type SchemaState} from '../schema/version.js';
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
import {DEFAULT_PORT} from './connection.js';
import {fromPostgresError} from './errors.js';
import {readFacts} from './facts.js';
import {migrationStatements} from './migrations.js';
import {offersTls} from './offers-tls.js';
import {Pool, type Asked} from './pool.js';
import {writeProbe} from './probe.js';
import * as statements from './statements.js';
import * as structure from './structure.js';

/** Held while a step of the schema is taken; any number will do that nobody else locks. */
const SCHEMA_LOCK = 7_231_985_501n;

/**
 * Connects to PostgreSQL, or to what speaks its protocol (CockroachDB, YugabyteDB).
 *
 * @throws UniqueIDError `DATABASE_*` where no connection can be had
 */
export async function openPostgresStore(url: DatabaseUrl, options: OpenOptions = {}): Promise<Store> {
  try {
    return await connected(new PostgresStore(url, options.answerTimeoutMs ?? DEFAULT_ANSWER_TIMEOUT_MS));
  } catch (error) {
    throw (await isTlsMissing(url)) ? tlsRefused(redactDatabaseUrl(url), error) : error;
  }
}

/** Whether TLS is asked for and all servers that answer say that they have none. */
async function isTlsMissing({hosts, options}: DatabaseUrl): Promise<boolean> {
  if (options.sslmode === 'disable' || options.sslmode === 'prefer') return false;
  const answers = await Promise.all(
    hosts.map(({host, port}) => offersTls(host, port ?? DEFAULT_PORT, options.connectTimeoutMs)),
  );
  return answers.includes(false) && !answers.includes(true);
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

/** What a look at the tables found. */
interface TablesReading extends SchemaReading {
  readonly found: structure.FoundTables;
}

/** The tables as they were seen to be such that integers may be allocated. */
interface ServableTables {
  /** Which pool saw them, and how many connections it had lost then. */
  readonly pool: Pool;
  readonly lost: number;
  readonly counters: number | null;
}

const noTables: structure.FoundTables = {counters: null, schema: null, systemSchema: null, table: null};

class PostgresStore implements Store {
  readonly location: string;
  readonly #url: DatabaseUrl;
  readonly #answerTimeoutMs: number;
  readonly #advance: string;
  readonly #advanceExisting: string;
  readonly #canSetCommit: boolean;
  #pool: Pool;
  /** Which host the pool is for. */
  #host = 0;
  /** Whether that host was seen to be one that will do. */
  #isFit = false;
  #servable: ServableTables | undefined;
  /** Where the tables were when they were first seen to be servable. */
  #usedSchema: string | undefined;

  constructor(url: DatabaseUrl, answerTimeoutMs: number) {
    this.location = redactDatabaseUrl(url);
    this.#url = url;
    this.#answerTimeoutMs = answerTimeoutMs;
    this.#canSetCommit = url.scheme !== 'cockroachdb';
    this.#advance = statements.advanceStatement(this.#canSetCommit);
    this.#advanceExisting = statements.advanceExistingStatement(this.#canSetCommit);
    this.#pool = new Pool(url, this.#host);
  }

  async readSchema(): Promise<SchemaState> {
    const {state} = await this.#attempt((pool) => this.#lookAtTables(pool));
    // Somebody may be at work on the tables: what is damaged is so under the lock of the migrators too.
    return state.kind === 'damaged'
      ? this.#transaction((transaction) => this.#lockAndReadSchema(transaction))
      : state;
  }

  applyStep(step: MigrationStep): Promise<'applied' | 'already'> {
    return this.#transaction(async (transaction) => {
      const state = await this.#lockAndReadSchema(transaction);
      if (decideStep(step, state, this.location) === 'already') return 'already';
      const {found} = await this.#readTables(transaction);
      for (const statement of migrationStatements(step.name, found.schema))
        await transaction.unsafe(statement);
      await transaction.unsafe(statements.recordPart, ['major', step.to.major]);
      await transaction.unsafe(statements.recordPart, ['minor', step.to.minor]);
      // A search path can lead to other tables than those that were made, such as temporary ones.
      const after = interpretSchema(await this.#readTables(transaction));
      if (decideStep(step, after, this.location) !== 'already') throw schemaMissing(this.location);
      return 'applied';
    });
  }

  advance(claims: readonly Claim[], firstIndex: bigint): Promise<readonly Advance[]> {
    return this.#attempt(async (pool) => {
      const counters = await this.#assertServable(pool);
      const granted = new Map<string, bigint>();
      const usual = claims.filter(({count}) => count <= MAX_COUNTER - firstIndex);
      const take = async (rows: Rows<AdvancedRow>): Promise<void> => {
        for (const {mode, next, table = counters} of await rows) {
          if (table !== counters) throw this.#otherTable();
          granted.set(mode, next);
        }
      };
      if (usual.length > 0) {
        const modes = pool.typed.texts(usual.map(({mode}) => mode));
        const counts = pool.typed.bigints(usual.map(({count}) => count));
        const floors = pool.typed.bigints(usual.map(({floor = statements.NO_FLOOR}) => floor));
        await take(this.#ask<Row>(pool, this.#advance, [modes, counts, firstIndex, floors]));
      }
      for (const {mode, count, floor = 0n} of claims) {
        if (count > MAX_COUNTER - firstIndex && count <= MAX_COUNTER) {
          await take(this.#ask<Row>(pool, this.#advanceExisting, [mode, count, floor]));
        }
      }
      return granted.size === claims.length
        ? claims.map(({mode}) => this.#grantOf(granted, mode))
        : this.#explain(pool, claims, granted, firstIndex);
    }, this.#answerTimeoutMs);
  }

  counters({after, limit}: CounterPage = {}): Promise<readonly Counter[]> {
    return this.#attempt(async (pool) => {
      const rows = await this.#ask<Row>(pool, statements.listCounters, [after ?? null, limit ?? null]);
      return rows.map(toCounter);
    });
  }

  highestCounters(limit: number): Promise<readonly Counter[]> {
    return this.#attempt(async (pool) => {
      const rows = await this.#ask<Row>(pool, statements.highestCounters, [limit]);
      return rows.map(toCounter);
    });
  }

  counter(mode: string): Promise<Counter | undefined> {
    return this.#attempt(async (pool) => {
      const [row] = await this.#ask<Row>(pool, statements.readCounter, [mode]);
      return row === undefined ? undefined : toCounter(row);
    });
  }

  countModes(most: number): Promise<number> {
    return this.#attempt(async (pool) => {
      const [row] = await this.#ask<{count: number}>(pool, statements.countModes, [most]);
      return row?.count ?? 0;
    });
  }

  moveCounters(moves: readonly CounterMove[]): Promise<readonly Counter[]> {
    return this.#transaction(async (transaction) => {
      const modes = this.#pool.typed.texts(moves.map(({mode}) => mode));
      const rows = (await transaction.unsafe(statements.lockCounters, [modes])) as unknown as readonly Row[];
      const now = new Map(rows.map((row) => [row.mode, toCounter(row)]));
      const moved = moves.flatMap((move) => movedMeanwhile(move, now.get(move.mode)));
      if (moved.length === 0) {
        const nexts = this.#pool.typed.bigints(moves.map(({to}) => to));
        await transaction.unsafe(statements.moveCounters, [modes, nexts]);
      }
      return moved;
    });
  }

  raiseCounters(floors: readonly Floor[], dryRun: boolean): Promise<readonly Raise[]> {
    return this.#transaction(async (transaction) => {
      const modes = this.#pool.typed.texts(floors.map(({mode}) => mode));
      const rows = (await transaction.unsafe(dryRun ? statements.readCounters : statements.lockCounters, [
        modes,
      ])) as unknown as readonly Row[];
      const now = new Map(rows.map((row) => [row.mode, toCounter(row).next]));
      if (!dryRun) {
        const nexts = this.#pool.typed.bigints(floors.map(({next}) => next));
        await transaction.unsafe(statements.putCounters, [modes, nexts]);
      }
      return floors.map((floor) => raised(floor, now.get(floor.mode)));
    });
  }

  /** A column that compares otherwise, such as one of citext, is rejected with its table. */
  comparison(): Promise<Comparison> {
    return Promise.resolve({name: 'deterministic', kind: 'exact'});
  }

  async probe(): Promise<void> {
    await this.#attempt(
      async (pool) => {
        assertServable((await this.#lookAtTables(pool)).state, this.location);
        await writeProbe(pool, this.#canSetCommit);
      },
      PROBE_TIMEOUT_MS,
      true,
    );
  }

  identity(): Promise<string> {
    return this.#attempt(async (pool) => {
      const [row] = (await pool.unsafe(statements.readIdentity)) as unknown as readonly {identity: string}[];
      return `postgresql ${row?.identity ?? ''}`;
    });
  }

  facts(): Promise<StoreFacts> {
    return this.#attempt((pool) => readFacts(pool, this.#canSetCommit));
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }

  /** A group in which something was refused: the counters tell why, and only ever grow. */
  async #explain(
    pool: Pool,
    claims: readonly Claim[],
    granted: ReadonlyMap<string, bigint>,
    firstIndex: bigint,
  ): Promise<Advance[]> {
    const refused = claims.filter(({mode}) => !granted.has(mode)).map(({mode}) => mode);
    const modes = pool.typed.texts(refused);
    const rows = await this.#ask<Row>(pool, statements.readCounters, [modes]);
    const stored = new Map(rows.map(({mode, next}) => [mode, next]));
    return claims.map((claim) =>
      granted.has(claim.mode)
        ? this.#grantOf(granted, claim.mode)
        : refusal(claim, stored.get(claim.mode), firstIndex, this.location),
    );
  }

  async #lockAndReadSchema(transaction: Asked): Promise<SchemaState> {
    await transaction.unsafe('SELECT pg_advisory_xact_lock($1::bigint)', [SCHEMA_LOCK]);
    return interpretSchema(await this.#readTables(transaction));
  }

  /** An altered table may answer with a mode that it padded, or with a value of another type. */
  #grantOf(granted: ReadonlyMap<string, unknown>, mode: string): Advance {
    const next = granted.get(mode);
    if (isCounterValue(next)) return {next};
    this.#servable = undefined;
    throw unsuitable(this.location, alteredFlaw);
  }

  /**
   * What was advanced is a gap in a table that was not looked at: each session finds tables by a search path of its own,
   * and may find others from one statement to the next.
   */
  #otherTable(): UniqueIDError {
    this.#servable = undefined;
    return conflict(
      this.location,
      new Error('a statement found another table uniqueindex than the one in use'),
    );
  }

  async #lookAtTables(pool: Pool): Promise<{readonly state: SchemaState; readonly counters: number | null}> {
    // A connection that is lost meanwhile may lead to another server.
    const {lost} = pool;
    const {found, ...reading} = await this.#readTables(pool);
    const state = interpretSchema(reading);
    const {counters, schema} = found;
    this.#servable = isSafe(state) ? {pool, lost, counters} : undefined;
    if (isSafe(state)) this.#usedSchema ??= schema ?? undefined;
    return {state, counters};
  }

  /**
   * Rejects tables that cannot be served. It looks again after any connection was lost, since another server may answer
   * at the same address, and after any look that found the tables altered.
   *
   * @returns the number of the table of counters
   */
  async #assertServable(pool: Pool): Promise<number | null> {
    const seen = this.#servable;
    if (seen?.pool === pool && seen.lost === pool.lost) return seen.counters;
    const {state, counters} = await this.#lookAtTables(pool);
    assertServable(state, this.location);
    return counters;
  }

  async #readTables(asked: Asked): Promise<TablesReading> {
    const look = this.#canSetCommit ? structure.readStructure : structure.findTables;
    const [found = noTables] = (await asked.unsafe(look)) as unknown as readonly structure.FoundTables[];
    const hasSystem = found.systemSchema !== null;
    // With row_security off, reading rows that a policy may hide is an error that tells less than the flaw.
    const isReadable = hasSystem && found.table?.filtered.includes('uniqueindexsystem') !== true;
    const rows = isReadable
      ? ((await asked.unsafe(statements.readParts)) as unknown as readonly {part: string; value: number}[])
      : [];
    const parts = new Map(rows.map(({part, value}) => [part, value]));
    const flaw = structure.flawOf(found, this.#usedSchema);
    return {hasCounters: found.counters !== null, hasSystem, parts, flaw, found};
  }

  #ask<T>(pool: Pool, statement: string, parameters: readonly unknown[]): Rows<T> {
    return pool.unsafe(statement, parameters, {prepare: this.#url.options.prepare});
  }

  #transaction<T>(work: (transaction: Asked) => Promise<T>): Promise<T> {
    return this.#attempt(async (pool) => {
      return pool.begin(async (transaction) => {
        if (this.#canSetCommit) await transaction.unsafe(statements.durable);
        return work(transaction);
      });
    });
  }

  /**
   * Asks the host in use; where that one did nothing, each of the others.
   *
   * @param sparesOthers if the pool is given up, lets statements of others go on for a while
   */
  async #attempt<T>(
    work: (pool: Pool) => Promise<T>,
    limitMs = PATIENT_MS,
    sparesOthers = false,
  ): Promise<T> {
    for (let others = this.#url.hosts.length - 1; ; others--) {
      try {
        return await this.#attemptOnHost(work, limitMs, sparesOthers);
      } catch (error) {
        if (others <= 0 || !didNothing(error)) throw error;
      }
    }
  }

  /**
   * Asks the pool; a connection that does not answer in time is given up with its whole pool, and a new one made for
   * the next host. It may be a primary that was taken over from and came back: nobody replicates it, so it answers no
   * commit.
   */
  async #attemptOnHost<T>(
    work: (pool: Pool) => Promise<T>,
    limitMs: number,
    sparesOthers: boolean,
  ): Promise<T> {
    const pool = this.#pool;
    const before = pool.unreplicated;
    const asked = this.#assertFit(pool).then(() => work(pool));
    try {
      const result = await withTimeLimit(asked, limitMs, () =>
        unreachable(this.location, 'it did not answer in time', undefined),
      );
      // Which of those under way it was is not known; a failover would undo it, so none of them is answered.
      if (pool.unreplicated !== before)
        throw unreachable(this.location, 'its standby did not confirm a commit', undefined);
      return result;
    } catch (error) {
      const failure = error instanceof UniqueIDError ? error : this.#translate(error);
      // A demoted primary keeps its connections and refuses every write: only a new one finds the host that took over.
      const isUseless =
        failure instanceof UniqueIDError && failure.transient && failure.code !== 'DATABASE_BUSY';
      if (isUseless && this.#pool === pool) {
        this.#host++;
        this.#pool = new Pool(this.#url, this.#host);
        this.#isFit = false;
        asked.catch(() => undefined);
        void (sparesOthers ? pool.close() : pool.giveUp());
      }
      throw failure;
    }
  }

  /** @throws UniqueIDError `DATABASE_READ_ONLY` where the pool's host is not what `target_session_attrs` asks for */
  async #assertFit(pool: Pool): Promise<void> {
    const question = statements.cannotServe[this.#url.options.targetSessionAttrs];
    if (question === undefined || this.#isFit) return;
    const [row] = (await pool.unsafe(question)) as unknown as readonly {cannotServe: boolean}[];
    if (row?.cannotServe === true) throw readOnlyServer(this.location, undefined);
    this.#isFit = this.#pool === pool;
  }

  #translate(error: unknown): Error {
    const {user, database} = this.#url;
    return fromPostgresError(error, {location: this.location, user, database});
  }
}

/** Connections that came to nothing, and (57P03) a server that is starting. */
const neverConnected =
  /^(?:ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|CONNECT_TIMEOUT|57P03)$/;

/** Whether a failure is sure to have left the database as it was, so that another host may be asked for the same. */
function didNothing(error: unknown): boolean {
  if (!(error instanceof UniqueIDError) || !error.transient) return false;
  const {code, cause} = error;
  return (
    code === 'DATABASE_READ_ONLY' ||
    (cause instanceof Error && 'code' in cause && neverConnected.test(String(cause.code)))
  );
}
