import {copyFileSync, renameSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {retryTransient} from '../../../src/lib/util/retry.js';
import {fromSqliteError} from '../../../src/lib/store/sqlite/errors.js';
import {NativeConnection} from '../../../src/lib/store/sqlite/native.js';
import type {Random} from '../../../test/helpers/random.js';
import type {TortureDatabase} from './database.js';

/**
 * Time for which one attempt waits for a lock. The wait blocks the whole torture: a server that was stopped
 * during a commit would never be killed, and would never release its lock.
 */
const LOCK_WAIT_MS = 50;

/** Time for all attempts. */
const PATIENCE_MS = 10_000;

/** Describes an SQLite database in a folder. */
export function makeSqliteDatabase(folder: string, random: Random): TortureDatabase {
  const path = join(folder, 'db.sqlite3');
  const connected = <T>(work: (connection: NativeConnection) => T): T => {
    const connection = new NativeConnection(path, {timeout: LOCK_WAIT_MS});
    try {
      return work(connection);
    } catch (error) {
      throw fromSqliteError(error, path);
    } finally {
      connection.close();
    }
  };
  const runOnce = (statements: readonly string[]): readonly (readonly string[])[] =>
    connected((connection) => {
      let rows: readonly (readonly string[])[] = [];
      for (const text of statements) {
        const statement = connection.statement<[], unknown[]>(text);
        if (statement.reader)
          rows = statement
            .raw()
            .all()
            .map((row) => row.map(String));
        else statement.run();
      }
      return rows;
    });
  const run: TortureDatabase['run'] = (statements) =>
    retryTransient(
      () =>
        new Promise((resolve) => {
          resolve(runOnce(statements));
        }),
      {timeoutMs: PATIENCE_MS},
    );

  /** Restores in place, as SQLite itself does. */
  const byStatements = async (): Promise<() => Promise<void>> => {
    const rows = await run(['SELECT "id", "index" FROM uniqueindex']);
    return async () => {
      const inserts = rows.map(([mode, next]) => `INSERT INTO uniqueindex VALUES ('${mode}', ${next})`);
      await run(['BEGIN IMMEDIATE', 'DELETE FROM uniqueindex', ...inserts, 'COMMIT']);
    };
  };

  /** Restores as people do: replaces the open file by another one. */
  const byFile = async (): Promise<() => Promise<void>> => {
    const copy = join(folder, 'backup.sqlite3');
    rmSync(copy, {force: true});
    await run([`VACUUM INTO '${copy}'`]);
    return () => {
      for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, {force: true});
      const ready = join(folder, 'restored.sqlite3');
      copyFileSync(copy, ready);
      renameSync(ready, path);
      return Promise.resolve();
    };
  };

  return {
    kind: 'sqlite',
    env: {PEEWEE_URL: `sqlite:///${path}`},
    path,
    run,
    backup: () => random.pick([byStatements, byFile])(),
    // An empty log has to grow with the next commit.
    needSpace: ['PRAGMA wal_checkpoint(TRUNCATE)'],
    remove: () => Promise.resolve(),
  };
}
