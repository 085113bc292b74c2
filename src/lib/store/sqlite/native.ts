import Database from 'better-sqlite3';
import {createRequire} from 'node:module';
import {UniqueIDError} from '../../core/errors.js';

/**
 * Keeps all connections and their statements alive. From Node 24.19, collecting an object of
 * better-sqlite3 12 aborts the process (WiseLibs/better-sqlite3#1515). npm chooses version 13 there, but
 * "npm rebuild" keeps 12. A process opens few connections, and each prepares few statements.
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

/** Opens a file. The driver then loads its native part, which does not run on every version of Node. */
function openDatabase(path: string, options: Database.Options): Database.Database {
  // Version 13 ends a process of Node 20 with a segmentation fault.
  if (majorOf(process.versions.node) < 22 && majorOf(driverVersion()) >= 13) throw driverIncompatible();
  try {
    return new Database(path, options);
  } catch (error) {
    throw isLoadError(error) ? driverIncompatible() : error;
  }
}

/** Returns true if the native part is missing, or does not fit this Node. */
function isLoadError(error: unknown): boolean {
  const {code = '', tries} = error as NodeJS.ErrnoException & {readonly tries?: unknown};
  // If version 12 finds no native part, its error has no code, but lists the files that it tried.
  return ['ERR_DLOPEN_FAILED', 'MODULE_NOT_FOUND'].includes(code) || tries !== undefined;
}

function driverIncompatible(): UniqueIDError {
  const version = driverVersion();
  return new UniqueIDError(
    'DRIVER_INCOMPATIBLE',
    `The SQLite driver better-sqlite3 ${version} does not run on this Node.js (${process.version}).`,
    {
      // npm compiles version 12; version 13 is compiled already.
      hint:
        majorOf(version) < 13
          ? 'Run "npm rebuild better-sqlite3" in the folder where UniqueID is installed.'
          : 'Uninstall UniqueID and install it again with this Node.js: npm then chooses a driver that fits.',
    },
  );
}

function driverVersion(): string {
  const {version} = createRequire(import.meta.url)('better-sqlite3/package.json') as {version: string};
  return version;
}

const majorOf = (version: string): number => Number.parseInt(version, 10);

/** Returns the version of SQLite inside the driver; `undefined` if this Node cannot load it. */
export function sqliteVersion(): string | undefined {
  try {
    return String(new NativeConnection(':memory:', {}).value('SELECT sqlite_version()'));
  } catch {
    return undefined;
  }
}
