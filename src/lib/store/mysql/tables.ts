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

/** How long a migrator waits for another one, in seconds. */
const SCHEMA_LOCK_SECONDS = 60;

/** What the server answers a user who may not write a table. */
const TABLE_ACCESS_DENIED = 1142;

/** Looks at the tables, and remembers which connections may allocate integers from them. */
export class TablesInUse {
  readonly #location: string;
  readonly #database: string;
  /** The driver's connections by which the tables were seen to be such that integers may be allocated. */
  #servable = new WeakSet<object>();
  readonly #galeraNodes = new WeakSet<object>();

  constructor(location: string, database: string) {
    this.#location = location;
    this.#database = database;
  }

  /** Whether a connection leads to a node of a Galera cluster; known after a look by it. */
  isGaleraNode(connection: PoolConnection): boolean {
    return this.#galeraNodes.has(connection.connection);
  }

  /** Does what `Store.readSchema` promises. */
  async readSchema(connection: PoolConnection): Promise<SchemaState> {
    const state = await this.lookAt(connection);
    // Somebody may be at work on the tables: what is damaged is so under the lock of the migrators too.
    return state.kind === 'damaged' ? this.#withSchemaLock(connection, () => this.lookAt(connection)) : state;
  }

  /** Does what `Store.applyStep` promises. */
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

  /** Reads the tables and remembers whether they can be served. */
  async lookAt(connection: PoolConnection): Promise<SchemaState> {
    const {state, isGaleraNode} = await readSchema(connection);
    if (isGaleraNode) this.#galeraNodes.add(connection.connection);
    if (isServable(state)) this.#servable.add(connection.connection);
    else this.#servable = new WeakSet();
    return state;
  }

  /**
   * Rejects tables that cannot be served. It looks once per connection, since a new one may lead to another server, and
   * again after a look that found the tables altered.
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
      // A user who may write the counters alone can allocate; then only the right to is proven.
      if ((error as {errno?: unknown}).errno !== TABLE_ACCESS_DENIED) throw error;
    }
  }

  /** Statements that define tables end a transaction here, so a lock keeps other migrators away instead. */
  async #withSchemaLock<T>(connection: PoolConnection, work: () => Promise<T>): Promise<T> {
    const lock = `uniqueid ${this.#database}`.slice(0, 64);
    const [[got]] = await connection.query<RowDataPacket[]>('SELECT GET_LOCK(?, ?) AS locked', [
      lock,
      SCHEMA_LOCK_SECONDS,
    ]);
    if (Number(got?.['locked']) !== 1) throw conflict(this.#location, undefined);
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

/** Reads how the column of modes compares them: it may have another collation than the table and the database. */
export async function readComparison(connection: PoolConnection): Promise<Comparison> {
  const [[column]] = await connection.query<RowDataPacket[]>(readCollation);
  const name: unknown = column?.['name'];
  // A column of bytes has no collation.
  return typeof name === 'string' ? {name, kind: kindOf(name)} : {name: 'binary', kind: 'exact'};
}

/** Collations named `_cs` fold too: those of Unicode ignore characters without width. */
function kindOf(collation: string): Comparison['kind'] {
  if (collation === 'binary') return 'exact';
  if (!collation.endsWith('_bin')) return 'folding';
  return /_(?:nopad|0900)_/.test(collation) ? 'exact' : 'padded';
}
