import {copyFileSync, renameSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {NativeConnection} from '../../../../src/lib/store/sqlite/native.js';
import type {Random} from '../random.js';
import type {TortureDatabase} from './database.js';

/** An SQLite database in a folder. */
export function makeSqliteDatabase(folder: string, random: Random): TortureDatabase {
  const path = join(folder, 'db.sqlite3');
  const connected = <T>(work: (connection: NativeConnection) => T): T => {
    const connection = new NativeConnection(path, {timeout: 10_000});
    try {
      return work(connection);
    } finally {
      connection.close();
    }
  };
  const run: TortureDatabase['run'] = (statements) =>
    Promise.resolve(
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
      }),
    );

  /** As SQLite itself restores: in place, under everybody's eyes. */
  const byStatements = async (): Promise<() => Promise<void>> => {
    const rows = await run(['SELECT "id", "index" FROM uniqueindex']);
    return async () => {
      const inserts = rows.map(([mode, next]) => `INSERT INTO uniqueindex VALUES ('${mode}', ${next})`);
      await run(['BEGIN IMMEDIATE', 'DELETE FROM uniqueindex', ...inserts, 'COMMIT']);
    };
  };

  /** As people restore: another file put in the place of the one that is open. */
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
