import {join} from 'node:path';
import {onTestFinished} from 'vitest';
import {NativeConnection} from '../../../src/lib/store/sqlite/native.js';
import {openSqliteStore} from '../../../src/lib/store/sqlite/store.js';
import type {OpenOptions, Store} from '../../../src/lib/store/store.js';
import {makeWorkspace} from '../folders/workspace.js';
import type {TestDatabase} from '../../store/conformance.js';

/** A database file of one test. */
export interface SqliteTestDatabase extends TestDatabase {
  readonly path: string;
}

/** Names a database file that does not exist yet, in a folder that is removed with the test. */
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
 * Locks the file, as another program may; returns a function that unlocks it. Others can still open it in WAL
 * mode, but not with a rollback journal.
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
