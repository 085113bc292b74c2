import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {cli} from '../../helpers/programs/cli.js';
import {makeSqliteDatabase} from '../../helpers/databases/sqlite-database.js';
import {copyFixture, makeWorkspace} from '../../helpers/folders/workspace.js';

describe('dbsync', () => {
  it('creates a database, then finds nothing to do', async () => {
    const cwd = makeWorkspace();
    const first = await cli(['dbsync'], {cwd});
    expect(first).toMatchObject({status: 0, stdout: 'db.sqlite3 is at schema 1.0 now (before: none).\n'});
    expect(first.stderr).toMatch(/^❯ Create the tables\n✔ Create the tables \(\d+ ms\)\n$/);
    expect(await cli(['dbsync'], {cwd})).toMatchObject({
      status: 0,
      stdout: 'db.sqlite3 is at schema 1.0; there was nothing to do.\n',
      stderr: '',
    });
  });

  it('makes tables as peewee makes them', async () => {
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
      database: 'db.sqlite3',
      before: '0.0',
      after: '1.0',
      steps: ['record the schema version'],
      dryRun: false,
    });
    expect(await makeSqliteDatabase(path).query(counters)).toEqual(before);
  });

  it('--dry-run shows the steps and takes none', async () => {
    const cwd = makeWorkspace();
    const dry = await cli(['dbsync', '--dry-run'], {cwd});
    expect(dry).toMatchObject({
      status: 0,
      stdout: 'Would create the tables in db.sqlite3, which brings it to 1.0.\n',
      stderr: '',
    });
    expect(existsSync(join(cwd, 'db.sqlite3'))).toBe(false);
    const path = copyFixture('pacifica-0.0.sqlite3', cwd, 'db.sqlite3');
    const before = readFileSync(path);
    expect(JSON.parse((await cli(['dbsync', '--dry-run', '--json'], {cwd})).stdout)).toMatchObject({
      before: '0.0',
      after: '1.0',
      steps: ['record the schema version'],
      dryRun: true,
    });
    expect(readFileSync(path)).toEqual(before);
  });

  it('--check tells by its exit status, and changes nothing', async () => {
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
    const unequal = await cli(['dbsync', '--check', '--equal'], {cwd});
    expect(unequal.status).toBe(3);
    expect(unequal.stderr).toContain('has schema version 1.7, newer than 1.0');
  });

  it('twice at once ends in one good schema', async () => {
    for (let turn = 0; turn < 5; turn++) {
      const cwd = makeWorkspace();
      const both = await Promise.all([
        cli(['dbsync'], {cwd}),
        cli(['dbsync'], {cwd}),
        cli(['dbsync'], {cwd}),
      ]);
      expect(both.map(({status, stderr}) => ({status, failed: stderr.includes('Error')}))).toEqual(
        Array(3).fill({status: 0, failed: false}),
      );
      expect((await cli(['dbsync', '--check', '--equal'], {cwd})).status).toBe(0);
    }
  });

  it('does not take options that make no sense together', async () => {
    const cwd = makeWorkspace();
    expect((await cli(['dbsync', '--equal'], {cwd})).status).toBe(2);
    expect((await cli(['dbsync', '--check', '--dry-run'], {cwd})).status).toBe(2);
  });
});
