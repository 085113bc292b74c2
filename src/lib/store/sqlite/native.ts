import Database from 'better-sqlite3';
import {createRequire} from 'node:module';
import {UniqueIDError} from '../../core/errors.js';

/**
 * Keeps all connections and their statements alive. From Node 24.19, the garbage collection of a native
 * object of better-sqlite3 12 aborts the process (WiseLibs/better-sqlite3#1515); version 13 does not run on
 * Node 20. A process opens few connections, and each prepares few statements, so keeping them costs almost
 * nothing.
 */
const neverCollected: unknown[] = [];

/** A prepared statement: parameters of type `P`, rows of type `R`. */
export type Statement<P extends unknown[], R = unknown> = Database.Statement<P, R>;

/** A connection that prepares each statement once and keeps it; integers are bigints. */
export class NativeConnection {
  readonly #database: Database.Database;
  readonly #statements = new Map<string, Statement<unknown[]>>();

  /** @param options those of better-sqlite3 */
  constructor(path: string, options: Database.Options) {
    this.#database = openDatabase(path, options).defaultSafeIntegers(true);
    neverCollected.push(this);
  }

  /** Returns the statement for an SQL text, prepared on first use. */
  statement<P extends unknown[], R>(sql: string): Statement<P, R> {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement as Statement<P, R>;
  }

  /** Returns the first column of the first row of a statement without parameters. */
  value(sql: string): unknown {
    const row = this.statement<[], Record<string, unknown>>(sql).get();
    return row === undefined ? undefined : Object.values(row)[0];
  }

  /** Runs SQL that has no parameters and returns no rows. */
  execute(sql: string): void {
    this.#database.exec(sql);
  }

  /** Runs `work` in one transaction that takes the write lock first, so that nothing it reads can change. */
  writing<T>(work: () => T): T {
    this.statement('BEGIN IMMEDIATE').run();
    try {
      const result = work();
      this.statement('COMMIT').run();
      return result;
    } catch (error) {
      // SQLite ends the transaction itself after some failures.
      if (this.#database.inTransaction) this.statement('ROLLBACK').run();
      throw error;
    }
  }

  close(): void {
    this.#database.close();
  }
}

/**
 * Returns the path of the compiled part of the driver. Without it, the driver searches a dozen folders, which
 * takes a tenth of the time of a `getid`.
 */
function compiledDriver(): string {
  return createRequire(import.meta.url).resolve('better-sqlite3/build/Release/better_sqlite3.node');
}

/** Opens a file. The driver then loads its compiled part, which works with only one version of Node. */
function openDatabase(path: string, options: Database.Options): Database.Database {
  try {
    return new Database(path, {...options, nativeBinding: compiledDriver()});
  } catch (error) {
    const {code = ''} = error as NodeJS.ErrnoException;
    if (!['ERR_DLOPEN_FAILED', 'MODULE_NOT_FOUND'].includes(code)) throw error;
    throw new UniqueIDError(
      'DRIVER_INCOMPATIBLE',
      `The SQLite driver better-sqlite3 was not compiled for this Node.js (${process.version}).`,
      {hint: 'Run "npm rebuild better-sqlite3" in the folder where UniqueID is installed.'},
    );
  }
}

/** Returns the version of SQLite inside the driver; `undefined` if this Node cannot load it. */
export function sqliteVersion(): string | undefined {
  try {
    return String(new NativeConnection(':memory:', {}).value('SELECT sqlite_version()'));
  } catch {
    return undefined;
  }
}
