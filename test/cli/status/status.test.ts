import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {cli} from '../../helpers/programs/cli.js';
import {makeSqliteDatabase} from '../../helpers/databases/sqlite-database.js';
import {copyFixture, makeWorkspace} from '../../helpers/folders/workspace.js';

describe('status', () => {
  it('shows the database, its schema and every counter', async () => {
    const cwd = makeWorkspace();
    copyFixture('pacifica-1.0.sqlite3', cwd, 'db.sqlite3');
    const {status, stdout, stderr} = await cli(['status'], {cwd});
    expect({status, stderr}).toEqual({status: 0, stderr: ''});
    expect(stdout.replaceAll(/SQLite [\d.]+/g, 'SQLite X')).toBe(
      [
        'Database    db.sqlite3 (SQLite X, 20 kB)',
        'Durability  journal_mode=delete, synchronous=EXTRA',
        'Schema      1.0, safe to serve',
        '',
        'MODE             NEXT INDEX     USED    REMAINING',
        'file                251,038  < 0.1 %  9.2 × 10^18',
        'mode with space           6  < 0.1 %  9.2 × 10^18',
        'upload_job                3  < 0.1 %  9.2 × 10^18',
        'Файл                      4  < 0.1 %  9.2 × 10^18',
        '',
      ].join('\n'),
    );
  });

  it('--json is exact to the last digit', async () => {
    const cwd = makeWorkspace();
    await cli(['dbsync'], {cwd});
    await makeSqliteDatabase(join(cwd, 'db.sqlite3')).execute(
      `INSERT INTO uniqueindex VALUES ('big', 9223372036854775801), ('broken', 1e30)`,
    );
    const {status, stdout} = await cli(['status', '--json'], {cwd});
    expect(status).toBe(0);
    expect(stdout).toContain('"next": 9223372036854775801,');
    expect(stdout).toContain('"remaining": 6,');
    expect(JSON.parse(stdout)).toMatchObject({
      database: {
        location: 'db.sqlite3',
        durability: 'journal_mode=wal, synchronous=FULL',
        warnings: [expect.stringContaining('"big" is beyond 90 %')],
      },
      schema: {version: '1.0', safe: true, problem: null},
      modes: [{mode: 'big'}, {mode: 'broken', next: null, remaining: null, usedShare: null}],
    });
  });

  it('exits 3 where nothing may be allocated, and says what to do', async () => {
    const cwd = makeWorkspace();
    expect((await cli(['status'], {cwd})).status).toBe(3);
    copyFixture('pacifica-0.0.sqlite3', cwd, 'db.sqlite3');
    const {status, stdout} = await cli(['status'], {cwd});
    expect(status).toBe(3);
    expect(stdout).toContain('Schema      0.0, not safe to serve');
    expect(stdout).toContain('Run "uniqueid dbsync" to upgrade it');
    expect(stdout).toContain('251,038');
    const json = await cli(['status', '--json'], {cwd});
    expect(json.status).toBe(3);
    expect(JSON.parse(json.stdout)).toMatchObject({
      schema: {safe: false, problem: {code: 'SCHEMA_TOO_OLD'}},
    });
  });

  it('does not say that a database of a newer version is empty', async () => {
    const cwd = makeWorkspace();
    const path = copyFixture('pacifica-1.0.sqlite3', cwd, 'db.sqlite3');
    await makeSqliteDatabase(path).execute(`UPDATE uniqueindexsystem SET value = 2 WHERE part = 'major'`);
    const {status, stdout} = await cli(['status'], {cwd});
    expect(status).toBe(3);
    expect(stdout).toContain('Use the newer UniqueID that wrote it');
    expect(stdout).toContain('Its modes cannot be read.');
  });

  it('colours only when asked to where there is no terminal', async () => {
    const cwd = makeWorkspace();
    await cli(['dbsync'], {cwd});
    const escape = '\u001B[';
    expect((await cli(['status'], {cwd})).stdout).not.toContain(escape);
    expect((await cli(['status'], {cwd, env: {FORCE_COLOR: '1'}})).stdout).toContain(escape);
    expect((await cli(['status'], {cwd, env: {FORCE_COLOR: '1', NO_COLOR: '1'}})).stdout).toContain(escape);
    expect((await cli(['status'], {cwd, env: {FORCE_COLOR: '0'}})).stdout).not.toContain(escape);
    expect((await cli(['getid'], {cwd, env: {FORCE_COLOR: '1'}})).stderr).toContain(escape);
  });
});
