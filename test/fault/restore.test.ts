import {copyFileSync, renameSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect} from 'vitest';
import {cli, startServer} from '../helpers/programs/cli.js';
import {untilHealthIs} from '../helpers/network/health.js';
import {ask, rangeOf} from '../helpers/network/http.js';
import {makeMysqlDatabase} from '../helpers/databases/mysql-database.js';
import {needs, type Need} from '../helpers/run/needs.js';
import {makePostgresDatabase} from '../helpers/databases/postgres-database.js';
import {makeSqliteDatabase} from '../helpers/databases/sqlite-database.js';
import {makeWorkspace} from '../helpers/folders/workspace.js';
import type {TestDatabase} from '../store/conformance.js';

/** A database that can be replaced by an older state while a server uses it. */
interface Restorable {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly back: () => Promise<{restore: () => Promise<void>}>;
}

/** Restores as from a dump: drops, creates and fills the table. */
async function fromDump(database: TestDatabase, quote: string): Promise<{restore: () => Promise<void>}> {
  const index = `${quote}index${quote}`;
  const rows = await database.query(`SELECT id, ${index} FROM uniqueindex`);
  return {
    restore: async () => {
      await database.execute('DROP TABLE uniqueindex');
      await database.execute(
        `CREATE TABLE uniqueindex (id VARCHAR(255) PRIMARY KEY, ${index} BIGINT NOT NULL)`,
      );
      for (const [mode, next] of rows)
        await database.execute(`INSERT INTO uniqueindex VALUES ('${mode}', ${next})`);
    },
  };
}

const kinds: readonly {name: string; need?: Need; make: () => Promise<Restorable>}[] = [
  {
    name: 'SQLite, by statements',
    make: async () => {
      const cwd = makeWorkspace();
      const database = makeSqliteDatabase(join(cwd, 'db.sqlite3'));
      return Promise.resolve({cwd, env: {}, back: () => fromDump(database, '"')});
    },
  },
  {
    name: 'SQLite, by replacing the file',
    make: async () => {
      const cwd = makeWorkspace();
      const path = join(cwd, 'db.sqlite3');
      const back = async (): Promise<{restore: () => Promise<void>}> => {
        const copy = join(cwd, 'backup.sqlite3');
        await makeSqliteDatabase(path).execute('PRAGMA wal_checkpoint(TRUNCATE)');
        copyFileSync(path, copy);
        return {
          restore: () => {
            for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, {force: true});
            renameSync(copy, path);
            return Promise.resolve();
          },
        };
      };
      return Promise.resolve({cwd, env: {}, back});
    },
  },
  {
    name: 'PostgreSQL',
    need: 'postgresql',
    make: async () => {
      const database = await makePostgresDatabase();
      return {cwd: makeWorkspace(), env: {PEEWEE_URL: database.url}, back: () => fromDump(database, '"')};
    },
  },
  {
    name: 'MariaDB',
    need: 'mariadb',
    make: async () => {
      const database = await makeMysqlDatabase();
      return {cwd: makeWorkspace(), env: {PEEWEE_URL: database.url}, back: () => fromDump(database, '`')};
    },
  },
];

describe.each(kinds)(
  'an older database that is restored under servers that stop its modes ($name)',
  ({need, make}) => {
    const {it} = needs(...(need === undefined ? [] : [need]));

    it('is quarantined until reset has raised the counter', async () => {
      const {cwd, env: place, back} = await make();
      const env = {...place, UNIQUEID_ON_REGRESSION: 'stop'};
      const server = await startServer(['--sync'], {cwd, env});
      const take = (mode: string, range: number): ReturnType<typeof ask> =>
        ask(server.url, `/getid?mode=${mode}&range=${range}`);
      for (const mode of ['file', 'other']) expect((await take(mode, 10)).status).toBe(200);
      const {restore} = await back();
      expect(rangeOf(await take('file', 90))).toEqual({start: 10n, end: 99n});
      await restore();

      for (let turn = 0; turn < 3; turn++) {
        const rejected = await take('file', 5);
        expect(rejected.status).toBe(503);
        expect(rejected.body).toContain('uniqueid reset --mode file --at-least 100');
      }
      // The other mode has not regressed.
      expect(rangeOf(await take('other', 1))).toEqual({start: 10n, end: 10n});
      expect(server.stderr()).toContain('COUNTER_REGRESSED');

      expect((await cli(['reset', '-m', 'file', '--at-least', '99', '--yes'], {cwd, env})).status).toBe(0);
      expect((await take('file', 5)).status).toBe(503);
      expect((await ask(server.url, '/health')).body).toContain('COUNTER_REGRESSED');
      expect((await cli(['reset', '-m', 'file', '--at-least', '100', '--yes'], {cwd, env})).status).toBe(0);
      // A load balancer with a health check sends no request before this.
      await untilHealthIs(server.url, 200);
      expect(rangeOf(await take('file', 5))).toEqual({start: 100n, end: 104n});
    });

    it('is not advanced by servers that have quarantined it, so that no counter passes a high-water mark', async () => {
      const {cwd, env: place, back} = await make();
      const env = {...place, UNIQUEID_ON_REGRESSION: 'stop'};
      const servers = [await startServer(['--sync'], {cwd, env}), await startServer([], {cwd, env})] as const;
      const take = (server: 0 | 1, range: number, mode = 'file'): ReturnType<typeof ask> =>
        ask(servers[server].url, `/getid?mode=${mode}&range=${range}`);
      expect((await take(0, 10)).status).toBe(200);
      const {restore} = await back();
      expect(rangeOf(await take(0, 10))).toEqual({start: 10n, end: 19n});
      expect(rangeOf(await take(1, 100))).toEqual({start: 20n, end: 119n});
      expect((await take(0, 1, 'later')).status).toBe(200);
      await restore();

      for (const range of [50, 5, 50, 5]) {
        expect((await take(0, range)).status).toBe(503);
        expect((await take(1, range)).status).toBe(503);
      }
      expect((await cli(['reset', '-m', 'file', '--at-least', '120', '--yes'], {cwd, env})).status).toBe(0);
      expect(rangeOf(await take(0, 5))).toEqual({start: 120n, end: 124n});
      expect(rangeOf(await take(1, 5))).toEqual({start: 125n, end: 129n});

      // A mode younger than the backup is missing; the command that repairs it must work although it is.
      const rejected = await take(0, 1, 'later');
      expect(rejected.status).toBe(503);
      expect(rejected.body).toContain('uniqueid reset --mode later --at-least 1');
      expect((await cli(['reset', '-m', 'later', '--at-least', '1', '--yes'], {cwd, env})).status).toBe(0);
      expect(rangeOf(await take(0, 1, 'later'))).toEqual({start: 1n, end: 1n});
    });
  },
);
