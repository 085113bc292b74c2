import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {cli} from '../../helpers/programs/cli.js';
import {screens} from '../../helpers/programs/screens.js';
import {makeSqliteDatabase} from '../../helpers/databases/sqlite-database.js';
import {copyFixture, makeWorkspace} from '../../helpers/folders/workspace.js';

describe('status', () => {
  it('shows the database, its schema and every counter', async () => {
    const cwd = makeWorkspace();
    copyFixture('pacifica-1.0.sqlite3', cwd, 'db.sqlite3');
    const {status, stdout, stderr} = await cli(['status'], {cwd});
    expect({status, stderr}).toEqual({status: 0, stderr: ''});
    const [facts = '', table = ''] = stdout.split('\n\n');
    expect(facts.split('\n')).toEqual([
      expect.stringMatching(/^Database +\/.*\/db\.sqlite3 \(SQLite [\d.]+, 20 kB\)$/),
      expect.stringMatching(/^Durability +journal_mode=delete, synchronous=EXTRA$/),
      expect.stringMatching(/^Guard file +\/.*\/db\.sqlite3-issued \(not written yet\)$/),
      expect.stringMatching(/^Schema +1\.0, /),
    ]);
    const lines = table.trimEnd().split('\n');
    // Columns of equal width: those of numbers end together.
    expect(new Set(lines.map((line) => line.length)).size).toBe(1);
    const cells = lines.map((line) => line.split(/ {2,}/));
    // No mode here has passed 0.1 %.
    expect(cells).toEqual([
      [expect.any(String), expect.any(String)],
      ['file', '251,038'],
      ['mode with space', '6'],
      ['upload_job', '3'],
      ['Файл', '4'],
    ]);
  });

  it('shows how much is used and remains only for modes above 0.1 %', async () => {
    const cwd = makeWorkspace();
    await cli(['dbsync'], {cwd});
    await makeSqliteDatabase(join(cwd, 'db.sqlite3')).execute(
      `INSERT INTO uniqueindex VALUES ('big', 9223372036854775801), ('half', 4611686018427387904),
       ('little', 9000000000000000), ('some', 10000000000000000)`,
    );
    const {stdout} = await cli(['status'], {cwd});
    expect(stdout).toMatch(/^big +9,223,372,036,854,775,801 +100\.0 % +6$/m);
    expect(stdout).toMatch(/^half +4,611,686,018,427,387,904 +50\.0 % +4\.6 × 10\^18$/m);
    expect(stdout).toMatch(/^little +9,000,000,000,000,000$/m);
    expect(stdout).toMatch(/^some +10,000,000,000,000,000 +0\.1 % +9\.2 × 10\^18$/m);
  });

  it('is exact to the last digit with --json', async () => {
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
        location: join(cwd, 'db.sqlite3'),
        durability: 'journal_mode=wal, synchronous=FULL',
        warnings: [expect.stringMatching(/"big".* 90 %/)],
      },
      schema: {version: '1.0', safe: true, problem: null},
      modes: [{mode: 'big'}, {mode: 'broken', next: null, remaining: null, usedShare: null}],
    });
  });

  it('ends with status 3 if nothing can be allocated, and shows the command that helps', async () => {
    const cwd = makeWorkspace();
    expect((await cli(['status'], {cwd})).status).toBe(3);
    copyFixture('pacifica-0.0.sqlite3', cwd, 'db.sqlite3');
    const {status, stdout} = await cli(['status'], {cwd});
    expect(status).toBe(3);
    expect(stdout).toMatch(/^Schema +0\.0, /m);
    expect(stdout).toContain('uniqueid dbsync');
    expect(stdout).toMatch(screens.row('file', '251,038'));
    const json = await cli(['status', '--json'], {cwd});
    expect(json.status).toBe(3);
    expect(JSON.parse(json.stdout)).toMatchObject({
      schema: {safe: false, problem: {code: 'SCHEMA_TOO_OLD'}},
    });
  });

  it('does not show a database of a newer major version as an empty one', async () => {
    const cwd = makeWorkspace();
    const path = copyFixture('pacifica-1.0.sqlite3', cwd, 'db.sqlite3');
    await makeSqliteDatabase(path).execute(`UPDATE uniqueindexsystem SET value = 2 WHERE part = 'major'`);
    const {status, stdout} = await cli(['status'], {cwd});
    expect(status).toBe(3);
    expect(stdout).toMatch(/^Schema +2\.0, /m);
    const json = JSON.parse((await cli(['status', '--json'], {cwd})).stdout) as object;
    expect(json).toMatchObject({schema: {version: '2.0', safe: false, problem: {code: 'SCHEMA_TOO_NEW'}}});
    const empty = makeWorkspace();
    await cli(['dbsync'], {cwd: empty});
    const lastLine = (text: string): string | undefined => text.trimEnd().split('\n').at(-1);
    expect(lastLine(stdout)).not.toBe(lastLine((await cli(['status'], {cwd: empty})).stdout));
  });

  it('prints colours without a terminal only on request', async () => {
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
