import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, it} from 'vitest';
import {cli, type Finished} from '../../helpers/programs/cli.js';
import {makeMysqlDatabase} from '../../helpers/databases/mysql-database.js';
import {needs} from '../../helpers/run/needs.js';
import type {NetworkTestDatabase} from '../../helpers/databases/network-database.js';
import {makePostgresDatabase} from '../../helpers/databases/postgres-database.js';
import {makeSqliteDatabase} from '../../helpers/databases/sqlite-database.js';
import {makeWorkspace} from '../../helpers/folders/workspace.js';
import type {TestDatabase} from '../../store/conformance.js';

/** A URL for an empty database of each kind. */
const kinds: Readonly<Record<string, () => Promise<string>>> = {
  SQLite: () => Promise.resolve(`sqlite:///${join(makeWorkspace(), 'db.sqlite3')}`),
  PostgreSQL: async () => (await makePostgresDatabase()).url,
  MariaDB: async () => (await makeMysqlDatabase()).url,
};

const pairs = Object.keys(kinds).flatMap((from) => Object.keys(kinds).map((to) => [from, to] as const));

interface Setup {
  readonly old: string;
  readonly young: string;
  readonly run: (url: string, ...args: string[]) => Promise<Finished>;
}

async function setUp(from: string, to: string): Promise<Setup> {
  const cwd = makeWorkspace();
  const run = (url: string, ...args: string[]): Promise<Finished> => cli(args, {cwd, env: {PEEWEE_URL: url}});
  const [old = '', young = ''] = await Promise.all([kinds[from]?.(), kinds[to]?.()]);
  expect((await run(old, 'dbsync')).status).toBe(0);
  return {old, young, run};
}

/** The counters as `status` tells them. */
async function counters(run: Setup['run'], url: string): Promise<Record<string, string>> {
  const {stdout} = await run(url, 'status', '--json');
  return Object.fromEntries(
    [...stdout.matchAll(/"mode": "(.*)",\s+"next": (\d+)/g)].map(([, mode, next]) => [mode, next]),
  ) as Record<string, string>;
}

needs('postgresql', 'mariadb').describe('dbsync --from', () => {
  it.each(pairs)('copies from %s to %s, each counter to the higher of both', async (from, to) => {
    const {old, young, run} = await setUp(from, to);
    await run(old, 'getid', '-m', 'file', '-r', '500');
    await run(old, 'getid', '-m', 'Файл', '-r', '7');
    await run(old, 'reset', '-m', 'Файл', '--to', '9223372036854775806', '--yes');
    const copied = await run(young, 'dbsync', '--from', old);
    expect(copied.status, copied.stderr).toBe(0);
    expect(copied.stdout).toMatch(
      /MODE\s+BEFORE\s+AFTER\nfile\s+-\s+500\nФайл\s+-\s+9,223,372,036,854,775,806\n\nCopied 2 counters from/,
    );
    expect(await counters(run, young)).toEqual({file: '500', Файл: '9223372036854775806'});
    await run(young, 'getid', '-m', 'file', '-r', '1000');
    await run(old, 'getid', '-m', 'file', '-r', '1');
    const dry = await run(young, 'dbsync', '--from', old, '--dry-run', '--json');
    expect(JSON.parse(dry.stdout)).toMatchObject({
      dryRun: true,
      copied: [{mode: 'file', before: 1500, after: 1500}, {}],
    });
    expect((await run(young, 'dbsync', '--from', old)).status).toBe(0);
    expect(await counters(run, young)).toEqual({file: '1500', Файл: '9223372036854775806'});
    expect(await counters(run, old)).toEqual({file: '501', Файл: '9223372036854775806'});
  });

  it.each(Object.keys(kinds))(
    '--dry-run shows what would come into %s, and makes nothing there',
    async (to) => {
      const {old, run} = await setUp('SQLite', 'SQLite');
      await run(old, 'getid', '-m', 'file', '-r', '500');
      const young = (await kinds[to]?.()) ?? '';
      const dry = await run(young, 'dbsync', '--from', old, '--dry-run');
      expect(dry.status, dry.stderr).toBe(0);
      expect(dry.stdout).toMatch(/MODE\s+BEFORE\s+AFTER\nfile\s+-\s+500\n\nWould copy 1 counter from/);
      expect(dry.stderr).not.toContain('Allocate from');
      expect((await run(young, 'status')).status).toBe(3);
    },
  );

  it.each(Object.keys(kinds))('refuses to copy a %s database onto itself', async (kind) => {
    const {old, run} = await setUp(kind, kind);
    const other = old.replace('127.0.0.1', 'localhost').replace('sqlite:', 'apsw:');
    const refused = await run(old, 'dbsync', '--from', other);
    expect(refused.status, refused.stderr).toBe(2);
    expect(refused.stderr).toContain('are the same database. No counter was changed');
  });

  it('says which modes collide in a case-insensitive table, and changes nothing', async () => {
    const {old, run} = await setUp('SQLite', 'SQLite');
    for (const mode of ['file', 'FILE', 'other']) await run(old, 'getid', '-m', mode, '-r', '10');
    const {url, execute, query} = await makeMysqlDatabase();
    await execute('CREATE TABLE uniqueindex (id VARCHAR(255) NOT NULL PRIMARY KEY, `index` BIGINT NOT NULL)');
    await execute(`INSERT INTO uniqueindex VALUES ('Other', 3)`);
    const refused = await run(url, 'dbsync', '--from', old);
    expect(refused.status).toBe(6);
    expect(refused.stderr).toContain('"file" and "FILE", "other" and "Other"');
    expect(await query('SELECT * FROM uniqueindex')).toEqual([['Other', '3']]);
  });

  it('refuses a source that is no database of ours', async () => {
    const {young, run} = await setUp('SQLite', 'SQLite');
    const missing = await run(young, 'dbsync', '--from', 'sqlite:///none.sqlite3');
    expect(missing.status).toBe(3);
    const {path, execute} = makeSqliteDatabase();
    await execute('CREATE TABLE something (x)');
    expect((await run(young, 'dbsync', '--from', `sqlite:///${path}`)).status).toBe(3);
    expect((await run(young, 'dbsync', '--from', 'nonsense')).status).toBe(2);
  });
});

/** Collations that MariaDB's databases have by default, and such as an administrator may have chosen. */
const foldingCollations = [
  'latin1_swedish_ci',
  'utf8mb4_general_ci',
  'utf8mb4_unicode_ci',
  'utf8mb4_general_nopad_ci',
  'utf8mb4_uca1400_as_cs',
];

/** A database as the Python service makes it, whose table compares modes by this collation. */
async function makePythonDatabase(collation: string): Promise<NetworkTestDatabase> {
  const database = await makeMysqlDatabase(
    undefined,
    `CHARACTER SET ${collation.split('_')[0] ?? ''} COLLATE ${collation}`,
  );
  await database.execute(
    'CREATE TABLE uniqueindex (id VARCHAR(255) NOT NULL PRIMARY KEY, `index` BIGINT NOT NULL)',
  );
  return database;
}

function listOf(cwd: string, ...spellings: readonly string[]): string {
  const path = join(cwd, 'spellings.txt');
  writeFileSync(path, spellings.map((spelling) => `${spelling}\n`).join(''));
  return path;
}

/** Tables that somebody made by hand. */
const foldingTables: Readonly<Record<string, () => Promise<TestDatabase & {readonly url: string}>>> = {
  NOCASE: async () => {
    const database = makeSqliteDatabase();
    await database.execute(
      'CREATE TABLE uniqueindex (id VARCHAR(255) PRIMARY KEY COLLATE NOCASE, "index" BIGINT NOT NULL)',
    );
    return {...database, url: `sqlite:///${database.path}`};
  },
};

needs('postgresql', 'mariadb').describe(
  'dbsync --from a table that takes several spellings for one mode',
  () => {
    const empty = async (): Promise<Setup & {cwd: string}> => ({
      ...(await setUp('SQLite', 'SQLite')),
      cwd: makeWorkspace(),
    });

    it.each(foldingCollations)(
      'copies a %s table only with the spellings that were used',
      async (collation) => {
        const {young, run, cwd} = await empty();
        const {url, execute} = await makePythonDatabase(collation);
        await execute(`INSERT INTO uniqueindex VALUES ('file', 30), ('upload', 7)`);
        for (const more of [[], ['--dry-run'], ['--json']]) {
          const refused = await run(young, 'dbsync', '--from', url, ...more);
          expect(refused.status, refused.stdout).toBe(6);
          expect(refused.stderr + refused.stdout).toContain(collation);
        }
        expect(await counters(run, young)).toEqual({});
        const spelling = collation.endsWith('_cs') ? 'fi\u200ble' : 'FILE';
        const list = listOf(cwd, spelling, '', 'upload');
        const dry = await run(young, 'dbsync', '--from', url, '--spellings', list, '--dry-run', '--json');
        expect(JSON.parse(dry.stdout)).toMatchObject({
          spellings: [spelling],
          copied: [{mode: 'file'}, {mode: 'upload'}, {mode: spelling, before: null, after: 30}],
        });
        const copied = await run(young, 'dbsync', '--from', url, '--spellings', list);
        expect(copied.status, copied.stderr).toBe(0);
        expect(await counters(run, young)).toEqual({file: '30', [spelling]: '30', upload: '7'});
        const {stdout} = await run(young, 'getid', '-m', spelling);
        expect(JSON.parse(stdout)).toEqual({startIndex: 30, endIndex: 30});
      },
    );

    it.each(['latin1_swedish_ci', 'utf8mb4_general_ci'])(
      'rejects a spelling that has no counter in a %s table, and changes nothing',
      async (collation) => {
        const {young, run, cwd} = await empty();
        const {url, execute} = await makePythonDatabase(collation);
        await execute(`INSERT INTO uniqueindex VALUES ('file', 30)`);
        for (const spelling of ['fiel', 'Файл']) {
          const refused = await run(
            young,
            'dbsync',
            '--from',
            url,
            '--spellings',
            listOf(cwd, 'FILE', spelling),
          );
          expect(refused.status, refused.stderr).toBe(6);
          expect(refused.stderr).toContain(`"${spelling}"`);
        }
        expect(await counters(run, young)).toEqual({});
        const invalid = await run(young, 'dbsync', '--from', url, '--spellings', listOf(cwd, 'fi\tle'));
        expect(invalid.status, invalid.stderr).toBe(2);
        expect((await run(young, 'dbsync', '--from', url, '--spellings', join(cwd, 'none'))).status).toBe(2);
        expect((await run(young, 'dbsync', '--spellings', listOf(cwd))).status).toBe(2);
      },
    );

    it('needs no list if no mode exists, or if the new table folds in the same way', async () => {
      const {young, run} = await empty();
      const {url, execute} = await makePythonDatabase('latin1_swedish_ci');
      expect((await run(young, 'dbsync', '--from', url)).status).toBe(0);
      await execute(`INSERT INTO uniqueindex VALUES ('file', 30)`);
      const same = await makePythonDatabase('latin1_swedish_ci');
      const copied = await run(same.url, 'dbsync', '--from', url);
      expect(copied.status, copied.stderr).toBe(0);
      expect(JSON.parse((await run(same.url, 'getid', '-m', 'FILE')).stdout)).toMatchObject({startIndex: 30});
      const other = await makePythonDatabase('utf8mb4_general_ci');
      expect((await run(other.url, 'dbsync', '--from', url)).status).toBe(6);
    });

    it.each(['latin1_bin', 'utf8mb4_bin', 'latin1_swedish_ci'])(
      'carries a counter that %s keeps with spaces at its end to the mode without them',
      async (collation) => {
        const {young, run, cwd} = await empty();
        const {url, execute} = await makePythonDatabase(collation);
        await execute(`INSERT INTO uniqueindex VALUES ('file  ', 30), ('other', 7)`);
        const more = collation.endsWith('_ci') ? ['--spellings', listOf(cwd)] : [];
        const copied = await run(young, 'dbsync', '--from', url, ...more, '--json');
        expect(copied.status, copied.stdout).toBe(0);
        expect(JSON.parse(copied.stdout)).toMatchObject({spellings: ['file']});
        expect(await counters(run, young)).toEqual({'file  ': '30', file: '30', other: '7'});
      },
    );

    it.each(Object.keys(foldingTables))(
      'copies neither from nor into a table of %s that folds unnoticed',
      async (name) => {
        const {young, old, run, cwd} = await empty();
        const {url, execute, query} =
          (await foldingTables[name]?.()) ?? (await makePythonDatabase('latin1_swedish_ci'));
        await execute(`INSERT INTO uniqueindex VALUES ('file', 30)`);
        expect((await run(young, 'dbsync', '--from', url)).status).toBe(6);
        const list = listOf(cwd, 'FILE');
        const dry = await run(young, 'dbsync', '--from', url, '--spellings', list, '--dry-run', '--json');
        expect(JSON.parse(dry.stdout)).toMatchObject({spellings: ['FILE'], copied: [{}, {after: 30}]});
        for (const mode of ['FILE', 'a', 'A']) await run(old, 'getid', '-m', mode, '-r', '70');
        const refused = await run(url, 'dbsync', '--from', old);
        expect(refused.status, refused.stderr).toBe(6);
        expect(refused.stderr).toContain('"FILE" and "file"');
        expect(await query('SELECT * FROM uniqueindex')).toEqual([['file', '30']]);
      },
    );
  },
);
