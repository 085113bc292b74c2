import type {PoolConnection, RowDataPacket} from 'mysql2/promise';
import {CONVERT_ENGINE} from '../schema/structure.js';
import {decideStep, type MigrationStep} from '../schema/steps.js';
import {assertServable} from '../schema/verdict.js';
import {interpretSchema, isServable, type SchemaState} from '../schema/version.js';
import {conflict} from '../shared/network-errors.js';
import type {Comparison} from '../store.js';
import {exactCollations, migrations} from './migrations.js';
import {readCollation, readParts, recordPart, touchCounters, writeProbe} from './statements.js';
import {convertTables, readMysqlStructure} from './structure.js';

/** The longest wait of a migrator for another one, in seconds. */
const SCHEMA_LOCK_TIMEOUT_SECONDS = 60;

/** The error number for a user who may not write a table. */
const TABLE_ACCESS_DENIED = 1142;

/**
 * Checks the tables once per connection and remembers the result, so that not every allocation reads them.
 */
export class TablesInUse {
  readonly #location: string;
  readonly #database: string;
  /** The driver's connections that found servable tables. */
  #servable = new WeakSet<object>();
  readonly #galeraNodes = new WeakSet<object>();

  constructor(location: string, database: string) {
    this.#location = location;
    this.#database = database;
  }

  /** Returns true for a connection to a Galera node; false before the connection has read the tables. */
  isGaleraNode(connection: PoolConnection): boolean {
    return this.#galeraNodes.has(connection.connection);
  }

  /** Returns true for a connection to a Galera node; reads the tables unless that is known. */
  async findsGaleraNode(connection: PoolConnection): Promise<boolean> {
    if (!this.#servable.has(connection.connection)) await this.lookAt(connection);
    return this.isGaleraNode(connection);
  }

  /** Implements `Store.readSchema`. */
  async readSchema(connection: PoolConnection): Promise<SchemaState> {
    const state = await this.lookAt(connection);
    // A migrator may be changing the tables: only a reading under its lock proves damage.
    return state.kind === 'damaged' ? this.#withSchemaLock(connection, () => this.lookAt(connection)) : state;
  }

  /** Implements `Store.applyStep`. */
  applyStep(connection: PoolConnection, step: MigrationStep): Promise<'applied' | 'already'> {
    return this.#withSchemaLock(connection, async () => {
      if (decideStep(step, await this.lookAt(connection), this.#location) === 'already') return 'already';
      if (step.name === CONVERT_ENGINE) {
        await convertTables(connection);
        return 'applied';
      }
      for (const statement of migrations(await exactCollation(connection))[step.name])
        await connection.query(statement);
      await connection.beginTransaction();
      await connection.execute(recordPart, ['major', step.to.major]);
      await connection.execute(recordPart, ['minor', step.to.minor]);
      await connection.commit();
      return 'applied';
    });
  }

  /** Reads the tables and remembers the connection if they are servable. */
  async lookAt(connection: PoolConnection): Promise<SchemaState> {
    const {state, isGaleraNode} = await readSchema(connection);
    if (isGaleraNode) this.#galeraNodes.add(connection.connection);
    if (isServable(state)) this.#servable.add(connection.connection);
    else this.#servable = new WeakSet();
    return state;
  }

  /**
   * Rejects unsuitable tables. It reads them once per connection, because a new connection may lead to
   * another server. A reading that found them altered is repeated.
   */
  async assertServable(connection: PoolConnection): Promise<void> {
    if (this.#servable.has(connection.connection)) return;
    assertServable(await this.lookAt(connection), this.#location);
  }

  /** Commits a write that changes no counter. */
  async probe(connection: PoolConnection): Promise<void> {
    assertServable(await this.lookAt(connection), this.#location);
    await connection.query(touchCounters);
    try {
      await connection.query(writeProbe);
    } catch (error) {
      // A user with rights on the counters only can allocate; the probe then proves no more than that right.
      if ((error as {errno?: unknown}).errno !== TABLE_ACCESS_DENIED) throw error;
    }
  }

  /** Excludes other migrators by a lock: a transaction cannot, because DDL statements commit it. */
  async #withSchemaLock<T>(connection: PoolConnection, work: () => Promise<T>): Promise<T> {
    const lock = `uniqueid ${this.#database}`.slice(0, 64);
    const [[answer]] = await connection.query<RowDataPacket[]>('SELECT GET_LOCK(?, ?) AS locked', [
      lock,
      SCHEMA_LOCK_TIMEOUT_SECONDS,
    ]);
    if (Number(answer?.['locked']) !== 1) throw conflict(this.#location, undefined);
    try {
      return await work();
    } finally {
      await connection.query('SELECT RELEASE_LOCK(?)', [lock]);
    }
  }
}

async function readSchema(
  connection: PoolConnection,
): Promise<{readonly state: SchemaState; readonly isGaleraNode: boolean}> {
  const {tables, flaw, isGaleraNode} = await readMysqlStructure(connection);
  const names = tables.map(({name}) => name);
  const hasSystem = names.includes('uniqueindexsystem');
  const [rows] = hasSystem ? await connection.query<RowDataPacket[]>(readParts) : [[]];
  const state = interpretSchema({
    hasCounters: names.includes('uniqueindex'),
    hasSystem,
    parts: new Map(rows.map((row) => [String(row['part']), row['value'] as unknown])),
    flaw,
  });
  return {state, isGaleraNode};
}

async function exactCollation(connection: PoolConnection): Promise<string> {
  const [rows] = await connection.query<RowDataPacket[]>(
    'SELECT collation_name AS name FROM information_schema.collations WHERE collation_name IN (?)',
    [exactCollations],
  );
  const known = rows.map((row) => String(row['name']));
  return exactCollations.find((name) => known.includes(name)) ?? 'utf8mb4_bin';
}

/** Reads how the column of modes compares; its collation may differ from the table's and the database's. */
export async function readComparison(connection: PoolConnection): Promise<Comparison> {
  const [[column]] = await connection.query<RowDataPacket[]>(readCollation);
  const name: unknown = column?.['name'];
  // A binary column has no collation.
  return typeof name === 'string' ? {name, kind: kindOf(name)} : {name: 'binary', kind: 'exact'};
}

/** Collations named `_cs` count as folding: Unicode ones ignore zero-width characters. */
function kindOf(collation: string): Comparison['kind'] {
  if (collation === 'binary') return 'exact';
  if (!collation.endsWith('_bin')) return 'folding';
  return /_(?:nopad|0900)_/.test(collation) ? 'exact' : 'padded';
}
