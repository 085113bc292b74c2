import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {cli} from '../../helpers/programs/cli.js';
import {failureOf} from '../../helpers/programs/screens.js';
import {makeSqliteDatabase} from '../../helpers/databases/sqlite-database.js';
import {copyFixture, makeWorkspace} from '../../helpers/folders/workspace.js';

describe('dbsync', () => {
  it('creates a database, then finds nothing to do', async () => {
    const cwd = makeWorkspace();
    const first = await cli(['dbsync'], {cwd});
    expect(first).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^\/.*\/db\.sqlite3 .*\b1\.0\b.*\n$/) as string,
    });
    expect(first.stderr).toMatch(/^❯ (.+)\n✔ \1 \(\d+ ms\)\n$/);
    expect(await cli(['dbsync'], {cwd})).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^\/.*\/db\.sqlite3 .*\b1\.0\b.*\n$/) as string,
      stderr: '',
    });
    const third = await cli(['dbsync', '--json'], {cwd});
    expect(JSON.parse(third.stdout)).toEqual({
      database: join(cwd, 'db.sqlite3'),
      before: '1.0',
      after: '1.0',
      steps: [],
      dryRun: false,
    });
  });

  it('creates the tables that peewee creates', async () => {
    const cwd = makeWorkspace();
    await cli(['dbsync'], {cwd});
    const columns = (table: string): Promise<readonly (readonly string[])[]> =>
      makeSqliteDatabase(join(cwd, 'db.sqlite3')).query(
        `SELECT name, type, "notnull", pk FROM pragma_table_info('${table}')`,
      );
    expect(await columns('uniqueindex')).toEqual([
      ['id', 'VARCHAR(255)', '1', '1'],
      ['index', 'BIGINT', '1', '0'],
    ]);
    expect(await columns('uniqueindexsystem')).toEqual([
      ['part', 'VARCHAR(255)', '1', '1'],
      ['value', 'INTEGER', '1', '0'],
    ]);
  });

  it('upgrades a database of the Python service and keeps every counter', async () => {
    const cwd = makeWorkspace();
    const path = copyFixture('pacifica-0.0.sqlite3', cwd, 'db.sqlite3');
    const counters = 'SELECT * FROM uniqueindex ORDER BY id';
    const before = await makeSqliteDatabase(path).query(counters);
    expect(before).toHaveLength(4);
    const synced = await cli(['dbsync', '--json'], {cwd});
    expect(synced).toMatchObject({status: 0, stderr: ''});
    expect(JSON.parse(synced.stdout)).toEqual({
      database: join(cwd, 'db.sqlite3'),
      before: '0.0',
      after: '1.0',
      steps: [expect.any(String)],
      dryRun: false,
    });
    expect(await makeSqliteDatabase(path).query(counters)).toEqual(before);
  });

  it('shows the steps with --dry-run, and takes none', async () => {
    const cwd = makeWorkspace();
    const dry = await cli(['dbsync', '--dry-run'], {cwd});
    expect(dry).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^.* \/.*\/db\.sqlite3\b.*\b1\.0\b.*\n$/) as string,
      stderr: '',
    });
    expect(existsSync(join(cwd, 'db.sqlite3'))).toBe(false);
    const path = copyFixture('pacifica-0.0.sqlite3', cwd, 'db.sqlite3');
    const before = readFileSync(path);
    expect(JSON.parse((await cli(['dbsync', '--dry-run', '--json'], {cwd})).stdout)).toMatchObject({
      before: '0.0',
      after: '1.0',
      steps: [expect.any(String)],
      dryRun: true,
    });
    expect(readFileSync(path)).toEqual(before);
  });

  it('reports by the exit status of --check if the schema is servable, and changes nothing', async () => {
    const cwd = makeWorkspace();
    expect((await cli(['dbsync', '--check'], {cwd})).status).toBe(3);
    expect(existsSync(join(cwd, 'db.sqlite3'))).toBe(false);
    const path = copyFixture('pacifica-0.0.sqlite3', cwd, 'db.sqlite3');
    expect((await cli(['dbsync', '--check'], {cwd})).status).toBe(3);
    await cli(['dbsync'], {cwd});
    for (const args of [['--check'], ['--check', '--equal'], ['--check', '--json']]) {
      expect((await cli(['dbsync', ...args], {cwd})).status, args.join(' ')).toBe(0);
    }
    await makeSqliteDatabase(path).execute(`UPDATE uniqueindexsystem SET value = 7 WHERE part = 'minor'`);
    expect((await cli(['dbsync', '--check'], {cwd})).status).toBe(0);
    const unequal = await cli(['dbsync', '--check', '--equal', '--json'], {cwd});
    expect(unequal.status).toBe(3);
    expect(failureOf(unequal)).toMatchObject({
      code: 'SCHEMA_TOO_NEW',
      message: expect.stringMatching(/\b1\.7\b.*\b1\.0\b/) as string,
    });
  });

  it('creates one servable schema if it runs several times simultaneously', async () => {
    for (let turn = 0; turn < 5; turn++) {
      const cwd = makeWorkspace();
      const both = await Promise.all([
        cli(['dbsync'], {cwd}),
        cli(['dbsync'], {cwd}),
        cli(['dbsync'], {cwd}),
      ]);
      expect(both.map(({status}) => status)).toEqual([0, 0, 0]);
      expect((await cli(['dbsync', '--check', '--equal'], {cwd})).status).toBe(0);
    }
  });

  it('rejects options that exclude each other', async () => {
    const cwd = makeWorkspace();
    expect((await cli(['dbsync', '--equal'], {cwd})).status).toBe(2);
    expect((await cli(['dbsync', '--check', '--dry-run'], {cwd})).status).toBe(2);
  });
});
