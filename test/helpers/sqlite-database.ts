import {join} from 'node:path';
import Database from 'better-sqlite3';
import {onTestFinished} from 'vitest';
import {openSqliteStore} from '../../src/lib/store/sqlite/store.js';
import type {OpenOptions, Store} from '../../src/lib/store/store.js';
import {makeWorkspace} from './workspace.js';
import type {TestDatabase} from '../store/conformance.js';

/** A database file of the running test alone. */
export interface SqliteTestDatabase extends TestDatabase {
  readonly path: string;
}

/** A path for a database, in a folder that is gone with the test; nothing is there yet. */
export function makeSqliteDatabase(path = join(makeWorkspace(), 'db.sqlite3')): SqliteTestDatabase {
  const withConnection = <T>(work: (connection: Database.Database) => T): Promise<T> => {
    const connection = new Database(path);
    try {
      return Promise.resolve(work(connection.defaultSafeIntegers(true)));
    } finally {
      connection.close();
    }
  };
  return {
    path,
    open: (options?: OpenOptions): Promise<Store> => {
      const store = openSqliteStore(path, options);
      onTestFinished(() => store.close());
      return Promise.resolve(store);
    },
    execute: (sql) =>
      withConnection((connection) => {
        connection.exec(sql);
      }),
    query: (sql) =>
      withConnection((connection) => {
        const rows = connection.prepare<[], unknown[]>(sql).raw().all();
        return rows.map((row) => row.map(String));
      }),
  };
}
