import {join} from 'node:path';
import {onTestFinished} from 'vitest';
import {NativeConnection} from '../../../src/lib/store/sqlite/native.js';
import {openSqliteStore} from '../../../src/lib/store/sqlite/store.js';
import type {OpenOptions, Store} from '../../../src/lib/store/store.js';
import {makeWorkspace} from '../folders/workspace.js';
import type {TestDatabase} from '../../store/conformance.js';

/** A database file of the running test alone. */
export interface SqliteTestDatabase extends TestDatabase {
  readonly path: string;
}

/** A path for a database, in a folder that is gone with the test; nothing is there yet. */
export function makeSqliteDatabase(path = join(makeWorkspace(), 'db.sqlite3')): SqliteTestDatabase {
  const withConnection = <T>(work: (connection: NativeConnection) => T): Promise<T> => {
    const connection = new NativeConnection(path, {});
    try {
      return Promise.resolve(work(connection));
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
        connection.execute(sql);
      }),
    query: (sql) =>
      withConnection((connection) => {
        const rows = connection.statement<[], unknown[]>(sql).raw().all();
        return rows.map((row) => row.map(String));
      }),
  };
}

/**
 * Takes the file for itself, as another program may; returns what lets go of it. In WAL mode others can still open
 * it, with a rollback journal they cannot.
 */
export function lockDatabase(path: string, journal: 'wal' | 'delete' = 'wal'): () => void {
  const connection = new NativeConnection(path, {});
  onTestFinished(() => {
    connection.close();
  });
  connection.execute(`PRAGMA journal_mode = ${journal}`);
  connection.execute('BEGIN EXCLUSIVE');
  return () => {
    connection.close();
  };
}
