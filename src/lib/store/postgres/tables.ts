import postgres from 'postgres';
import {conflict} from '../shared/network-errors.js';
import {decideStep, type MigrationStep} from '../schema/steps.js';
import {assertServable, schemaMissing} from '../schema/verdict.js';
import {interpretSchema, isServable, type SchemaReading, type SchemaState} from '../schema/version.js';
import type {Asked, Pool} from './connection/pool.js';
import {migrationStatements} from './migrations.js';
import {probeStatement, readParts, recordPart, touchCounters} from './statements.js';
import * as structure from './structure.js';

/** Held while a step of the schema is taken; any number will do that nobody else locks. */
const SCHEMA_LOCK = 7_231_985_501n;

/** The code of a missing right. */
const INSUFFICIENT_PRIVILEGE = '42501';

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

/** Looks at the tables, and remembers which of them integers may be allocated from. */
export class TablesInUse {
  readonly #location: string;
  readonly #canSetCommit: boolean;
  #servable: ServableTables | undefined;
  /** Where the tables were when they were first seen to be servable. */
  #usedSchema: string | undefined;

  constructor(location: string, canSetCommit: boolean) {
    this.#location = location;
    this.#canSetCommit = canSetCommit;
  }

  /** Has the next allocation look again. */
  forget(): void {
    this.#servable = undefined;
  }

  /**
   * Accepts a row of another table than the one in use if that one was replaced, as a restore does. Each session finds
   * tables by its own search path; the integers of a table that a new look does not find are a gap.
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
      new Error('a statement found another table uniqueindex than the one in use'),
    );
  }

  /** Reads the tables and remembers whether they can be served. */
  async lookAt(pool: Pool): Promise<{readonly state: SchemaState; readonly counters: number | null}> {
    // A connection that is lost meanwhile may lead to another server.
    const {lost} = pool;
    const {found, ...reading} = await this.#read(pool);
    const state = interpretSchema(reading);
    const {counters, schema} = found;
    this.#servable = isServable(state) ? {pool, lost, counters} : undefined;
    if (isServable(state)) this.#usedSchema ??= schema ?? undefined;
    return {state, counters};
  }

  /**
   * Rejects tables that cannot be served. It looks again after any connection was lost, since another server may answer
   * at the same address, and after any look that found the tables altered.
   *
   * @returns the number of the table of counters
   */
  async assertServable(pool: Pool): Promise<number | null> {
    const seen = this.#servable;
    if (seen?.pool === pool && seen.lost === pool.lost) return seen.counters;
    const {state, counters} = await this.lookAt(pool);
    assertServable(state, this.#location);
    return counters;
  }

  /** Commits a write that changes no counter. */
  async probe(pool: Pool): Promise<void> {
    assertServable((await this.lookAt(pool)).state, this.#location);
    await pool.unsafe(touchCounters);
    try {
      await pool.unsafe(probeStatement(this.#canSetCommit));
    } catch (error) {
      // A user who may write the counters alone can allocate; then only the right to is proven.
      if (!(error instanceof postgres.PostgresError) || error.code !== INSUFFICIENT_PRIVILEGE) throw error;
    }
  }

  async #read(asked: Asked): Promise<TablesReading> {
    const look = this.#canSetCommit ? structure.readStructure : structure.findTables;
    const [found = noTables] = (await asked.unsafe(look)) as unknown as readonly structure.FoundTables[];
    const hasSystem = found.systemSchema !== null;
    // With row_security off, reading rows that a policy may hide is an error that tells less than the flaw.
    const isReadable = hasSystem && found.table?.filtered.includes('uniqueindexsystem') !== true;
    const rows = isReadable
      ? ((await asked.unsafe(readParts)) as unknown as readonly {part: string; value: number}[])
      : [];
    const parts = new Map(rows.map(({part, value}) => [part, value]));
    const flaw = structure.flawOf(found, this.#usedSchema);
    return {hasCounters: found.counters !== null, hasSystem, parts, flaw, found};
  }

  /** Reads the tables when no migrator is at work on them. */
  async lockAndRead(transaction: Asked): Promise<SchemaState> {
    await transaction.unsafe('SELECT pg_advisory_xact_lock($1::bigint)', [SCHEMA_LOCK]);
    return interpretSchema(await this.#read(transaction));
  }

  /** Does what `Store.applyStep` promises. */
  async applyStep(transaction: Asked, step: MigrationStep): Promise<'applied' | 'already'> {
    const state = await this.lockAndRead(transaction);
    if (decideStep(step, state, this.#location) === 'already') return 'already';
    const {found} = await this.#read(transaction);
    for (const statement of migrationStatements(step.name, found.schema)) await transaction.unsafe(statement);
    await transaction.unsafe(recordPart, ['major', step.to.major]);
    await transaction.unsafe(recordPart, ['minor', step.to.minor]);
    // A search path can lead to other tables than those that were made, such as temporary ones.
    const after = interpretSchema(await this.#read(transaction));
    if (decideStep(step, after, this.#location) !== 'already') throw schemaMissing(this.#location);
    return 'applied';
  }
}
