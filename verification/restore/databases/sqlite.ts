import {copyFileSync, renameSync, rmSync, statSync} from 'node:fs';
import {join} from 'node:path';
import Database from 'better-sqlite3';
import {tablesOf, type Backup, type Source} from './database.js';

const LOCK_WAIT_MS = 5000;

/** Makes SQLite files. */
export const sqliteSource: Source = {
  make: (folder) => {
    const path = join(folder, 'db.sqlite3');
    const connected = async <T>(work: (connection: Database.Database) => T | Promise<T>): Promise<T> => {
      const connection = new Database(path, {timeout: LOCK_WAIT_MS});
      try {
        return await work(connection);
      } finally {
        connection.close();
      }
    };
    let backups = 0;
    const ways: Readonly<Record<string, (copy: string) => Promise<void>>> = {
      '.backup': (copy) => connected((connection) => connection.backup(copy).then(() => undefined)),
      'VACUUM INTO': (copy) =>
        connected((connection) => {
          connection.prepare('VACUUM INTO ?').run(copy);
        }),
      // No writer comes between the checkpoint and the end of the copy.
      copy: (copy) =>
        connected((connection) => {
          for (;;) {
            connection.pragma('wal_checkpoint(TRUNCATE)');
            connection.exec('BEGIN IMMEDIATE');
            if (statSync(`${path}-wal`).size === 0) break;
            connection.exec('ROLLBACK');
          }
          copyFileSync(path, copy);
          connection.exec('ROLLBACK');
        }),
    };
    const replace = (copy: string): void => {
      const ready = join(folder, 'restored.sqlite3');
      copyFileSync(copy, ready);
      for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, {force: true});
      renameSync(ready, path);
    };
    return connected((connection) => {
      connection.pragma('journal_mode = WAL');
      for (const statement of tablesOf('"')) connection.exec(statement);
    }).then(() => ({
      env: {PEEWEE_URL: `sqlite:///${path}`},
      maxRestores: 3,
      backup: async (random): Promise<Backup> => {
        const way = random.pick(Object.keys(ways));
        const copy = join(folder, `backup-${++backups}.sqlite3`);
        await ways[way]?.(copy);
        return {
          name: way,
          restore: () => {
            replace(copy);
            return Promise.resolve();
          },
        };
      },
      counters: () =>
        connected((connection) => {
          const rows = connection
            .prepare<[], [string, bigint]>('SELECT "id", "index" FROM uniqueindex')
            .raw()
            .safeIntegers();
          return new Map(rows.all());
        }),
      remove: () => Promise.resolve(),
    }));
  },
  close: () => Promise.resolve(),
};
