import postgres from 'postgres';
import {conflict} from '../shared/network-errors.js';
import {decideStep, type MigrationStep} from '../schema/steps.js';
import {assertServable, schemaMissing} from '../schema/verdict.js';
import {interpretSchema, isServable, type SchemaReading, type SchemaState} from '../schema/version.js';
import type {Asked, Pool} from './connection/pool.js';
import {migrationStatements} from './migrations.js';
import {readParts, recordPart, touchCounters, writeProbe} from './statements.js';
import * as structure from './structure.js';

/** Key of the advisory lock for migrations: an arbitrary number that no other program locks. */
const SCHEMA_LOCK = 7_231_985_501n;

const INSUFFICIENT_PRIVILEGE = '42501';

/** The result of reading the tables. */
interface TablesReading extends SchemaReading {
  readonly found: structure.FoundTables;
}

/** A reading that allows allocation. */
interface ServableTables {
  /** The pool of the reading, and the number of connections it had lost by then. */
  readonly pool: Pool;
  readonly lost: number;
  readonly counters: number | null;
}

const noTables: structure.FoundTables = {counters: null, schema: null, systemSchema: null, table: null};

/** Checks the tables and remembers the servable ones, so that not every allocation reads them. */
export class TablesInUse {
  readonly #location: string;
  #servable: ServableTables | undefined;
  /** The schema of the first servable tables that were found. */
  #usedSchema: string | undefined;

  constructor(location: string) {
    this.#location = location;
  }

  /** Makes the next allocation read the tables. */
  forget(): void {
    this.#servable = undefined;
  }

  /**
   * Accepts a row from another table only if it has replaced the one in use, as after a restore. Each session
   * finds tables by its own search path; integers from a rejected table are a gap.
   *
   * @returns the number of the table that is in use now
   * @throws UniqueIDError `DATABASE_BUSY` for a row of any other table; `SCHEMA_*`
   */
  async assertReplaced(pool: Pool, table: number | null): Promise<number | null> {
    this.forget();
    const counters = await this.assertServable(pool);
    if (table === counters) return counters;
    throw conflict(
      this.#location,
      new Error('A statement used another table uniqueindex than the one in use.'),
    );
  }

  /** Reads the tables and remembers them if they are servable. */
  async lookAt(pool: Pool): Promise<{readonly state: SchemaState; readonly counters: number | null}> {
    // Counted before the reading: a connection lost during it may be replaced by one to another server.
    const {lost} = pool;
    const {found, ...reading} = await this.#read(pool);
    const state = interpretSchema(reading);
    const {counters, schema} = found;
    this.#servable = isServable(state) ? {pool, lost, counters} : undefined;
    if (isServable(state)) this.#usedSchema ??= schema ?? undefined;
    return {state, counters};
  }

  /**
   * Rejects unsuitable tables. It reads them again after a connection was lost, because another server may
   * answer at the same address. A reading that found them altered is repeated too.
   *
   * @returns the number of the table of counters
   */
  async assertServable(pool: Pool): Promise<number | null> {
    const known = this.#servable;
    if (known?.pool === pool && known.lost === pool.lost) return known.counters;
    const {state, counters} = await this.lookAt(pool);
    assertServable(state, this.#location);
    return counters;
  }

  /** Commits a write that changes no counter. */
  async probe(pool: Pool): Promise<void> {
    assertServable((await this.lookAt(pool)).state, this.#location);
    await pool.unsafe(touchCounters);
    await this.commitProbe(pool);
  }

  /** Commits a meaningless row, and so finds out if commits survive a failover now. */
  async commitProbe(pool: Pool): Promise<void> {
    try {
      await pool.unsafe(writeProbe);
    } catch (error) {
      // A user with rights on the counters only can allocate; the probe then proves no more than that right.
      if (!(error instanceof postgres.PostgresError) || error.code !== INSUFFICIENT_PRIVILEGE) throw error;
    }
  }

  async #read(session: Asked): Promise<TablesReading> {
    const [found = noTables] = (await session.unsafe(
      structure.readStructure,
    )) as unknown as readonly structure.FoundTables[];
    const hasSystem = found.systemSchema !== null;
    // With row_security off, reading rows that a policy may hide fails, and explains less than the flaw.
    const isReadable = hasSystem && found.table?.filtered.includes('uniqueindexsystem') !== true;
    const rows = isReadable
      ? ((await session.unsafe(readParts)) as unknown as readonly {part: string; value: number}[])
      : [];
    const parts = new Map(rows.map(({part, value}) => [part, value]));
    const flaw = structure.flawOf(found, this.#usedSchema);
    return {hasCounters: found.counters !== null, hasSystem, parts, flaw, found};
  }

  /** Reads the tables under the migrators' lock. */
  async lockAndRead(transaction: Asked): Promise<SchemaState> {
    await transaction.unsafe('SELECT pg_advisory_xact_lock($1::bigint)', [SCHEMA_LOCK]);
    return interpretSchema(await this.#read(transaction));
  }

  /** Implements `Store.applyStep`. */
  async applyStep(transaction: Asked, step: MigrationStep): Promise<'applied' | 'already'> {
    const state = await this.lockAndRead(transaction);
    if (decideStep(step, state, this.#location) === 'already') return 'already';
    const {found} = await this.#read(transaction);
    for (const statement of migrationStatements(step.name, found.schema)) await transaction.unsafe(statement);
    await transaction.unsafe(recordPart, ['major', step.to.major]);
    await transaction.unsafe(recordPart, ['minor', step.to.minor]);
    // The search path may find other tables than the new ones, such as temporary tables.
    const after = interpretSchema(await this.#read(transaction));
    if (decideStep(step, after, this.#location) !== 'already') throw schemaMissing(this.#location);
    return 'applied';
  }
}
