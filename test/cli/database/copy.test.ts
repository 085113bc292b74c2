import {mkdirSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, it} from 'vitest';
import {copyCounters, readMinimums} from '../../../src/lib/operations/copy.js';
import {migrate} from '../../../src/lib/store/schema/migrate.js';
import type {CounterMinimum, Store} from '../../../src/lib/store/store.js';
import {cli, type Finished} from '../../helpers/programs/cli.js';
import {failureOf, screens} from '../../helpers/programs/screens.js';
import {claim, granted} from '../../helpers/databases/claims.js';
import {makeMysqlDatabase} from '../../helpers/databases/mysql-database.js';
import {needs} from '../../helpers/run/needs.js';
import type {NetworkTestDatabase} from '../../helpers/databases/network-database.js';
import {makePostgresDatabase} from '../../helpers/databases/postgres-database.js';
import {makeSqliteDatabase} from '../../helpers/databases/sqlite-database.js';
import {makeWorkspace} from '../../helpers/folders/workspace.js';

/** Databases without tables, by kind. */
const kinds = {
  SQLite: makeFile,
  PostgreSQL: () => makePostgresDatabase(),
  MariaDB: () => makeMysqlDatabase(),
} as const;

type Kind = keyof typeof kinds;

const kindNames = Object.keys(kinds) as Kind[];
const pairs = kindNames.flatMap((from) => kindNames.map((to) => [from, to] as const));

const LAST = 2n ** 63n - 2n;

function makeFile(): Promise<NetworkTestDatabase> {
  const database = makeSqliteDatabase();
  return Promise.resolve({...database, url: `sqlite:///${database.path}`});
}

/**
 * Creates the tables and returns the store; a process for each step of a set-up would take most of the time.
 */
async function openMigrated(database: NetworkTestDatabase): Promise<Store> {
  const store = await database.open({create: true});
  await migrate(store);
  return store;
}

/** Creates a database with these counters. */
async function makeFilled(kind: Kind, ...counters: readonly CounterMinimum[]): Promise<NetworkTestDatabase> {
  const database = await kinds[kind]();
  const store = await openMigrated(database);
  if (counters.length > 0) await store.raiseCounters(counters, false);
  return database;
}

/** Returns the counters of a database, read by a connection of its own. */
async function countersOf(database: NetworkTestDatabase): Promise<Record<string, bigint | undefined>> {
  const counters = await (await database.open()).counters();
  return Object.fromEntries(counters.map(({mode, next}) => [mode, next]));
}

/** Runs `dbsync --from` for a copy between two databases. */
function copy(from: string, to: {readonly url: string}, ...args: readonly string[]): Promise<Finished> {
  const env = {PEEWEE_URL: to.url};
  return cli(['dbsync', '--from', from, ...args], {cwd: makeWorkspace(), env});
}

/** Returns the lines on stderr that show no task: after a copy, the warning against the old database. */
function warningsIn({stderr}: Finished): readonly string[] {
  return stderr.split('\n').filter((line) => line !== '' && !/^[❯✔] /.test(line));
}

/** Expects a copy with `--json` to fail, and returns the message. */
async function expectRejected(copying: Promise<Finished>, code: string, exit: number): Promise<string> {
  const finished = await copying;
  expect(finished.status, finished.stdout).toBe(exit);
  const failure = failureOf(finished);
  expect(failure).toMatchObject({code, exit});
  return failure.message;
}

needs('postgresql', 'mariadb').describe('dbsync --from', () => {
  it.each(pairs)('copies from %s to %s and keeps the higher value of each counter', async (from, to) => {
    const old = await makeFilled(from, {mode: 'file', next: 500n}, {mode: 'Файл', next: LAST});
    const young = await kinds[to]();
    const copied = await copy(old.url, young);
    expect(copied.status, copied.stderr).toBe(0);
    expect(copied.stdout).toMatch(screens.row('file', '-', '500'));
    expect(copied.stdout).toMatch(screens.row('Файл', '-', '9,223,372,036,854,775,806'));
    expect(warningsIn(copied)).toEqual([expect.stringContaining(new URL(old.url).pathname.slice(1))]);
    expect(await countersOf(young)).toEqual({file: 500n, Файл: LAST});
    const [source, target] = [await old.open(), await young.open()];
    expect(await target.advance([claim('file', 1000n)], 0n)).toEqual([granted(1500n)]);
    expect(await source.advance([claim('file', 1n)], 0n)).toEqual([granted(501n)]);
    // The second copy needs no process: the test below runs it as a command.
    const minimums = await readMinimums(source, target);
    for (const dryRun of [true, false])
      expect(await copyCounters(target, minimums, dryRun)).toMatchObject([
        {mode: 'file', before: 1500n, after: 1500n},
        {mode: 'Файл', before: LAST, after: LAST},
      ]);
    expect(await countersOf(young)).toEqual({file: 1500n, Файл: LAST});
    expect(await countersOf(old)).toEqual({file: 501n, Файл: LAST});
  });

  it('shows the counters of both databases with --dry-run --json, and can be repeated', async () => {
    const old = await makeFilled('SQLite', {mode: 'file', next: 501n}, {mode: 'other', next: 7n});
    const young = await makeFilled('SQLite', {mode: 'file', next: 1500n});
    const dry = await copy(old.url, young, '--dry-run', '--json');
    expect(JSON.parse(dry.stdout)).toMatchObject({
      dryRun: true,
      copied: [
        {mode: 'file', before: 1500, after: 1500},
        {mode: 'other', before: null, after: 7},
      ],
    });
    expect(await countersOf(young)).toEqual({file: 1500n});
    for (let turn = 0; turn < 2; turn++) expect((await copy(old.url, young)).status).toBe(0);
    expect(await countersOf(young)).toEqual({file: 1500n, other: 7n});
    expect(await countersOf(old)).toEqual({file: 501n, other: 7n});
  });

  it.each(kindNames)('shows with --dry-run what it would copy into %s, and creates nothing', async (to) => {
    const old = await makeFilled('SQLite', {mode: 'file', next: 500n});
    const young = await kinds[to]();
    const dry = await copy(old.url, young, '--dry-run');
    expect(dry.status, dry.stderr).toBe(0);
    expect(dry.stdout).toMatch(screens.row('file', '-', '500'));
    expect(warningsIn(dry)).toEqual([]);
    const env = {PEEWEE_URL: young.url};
    expect((await cli(['dbsync', '--check'], {cwd: makeWorkspace(), env})).status).toBe(3);
  });

  it.each(kindNames)('rejects a copy of a %s database onto itself', async (kind) => {
    const old = await makeFilled(kind, {mode: 'file', next: 500n});
    const other = old.url.replace('127.0.0.1', 'localhost').replace('sqlite:', 'apsw:');
    await expectRejected(copy(other, old, '--json'), 'USAGE', 2);
    expect(await countersOf(old)).toEqual({file: 500n});
  });

  it('names the modes that collide in a case-insensitive table, and changes nothing', async () => {
    const old = await makeFilled('SQLite', ...['file', 'FILE', 'other'].map((mode) => ({mode, next: 10n})));
    const young = await makeMysqlDatabase();
    await young.execute(
      'CREATE TABLE uniqueindex (id VARCHAR(255) NOT NULL PRIMARY KEY, `index` BIGINT NOT NULL)',
    );
    await young.execute(`INSERT INTO uniqueindex VALUES ('Other', 3)`);
    const message = await expectRejected(copy(old.url, young, '--json'), 'REJECTED', 6);
    expect(message).toMatch(/"file".*"FILE".*"other".*"Other"/);
    expect(await young.query('SELECT * FROM uniqueindex')).toEqual([['Other', '3']]);
  });

  it('rejects a source that is no UniqueID database', async () => {
    const young = await makeFilled('SQLite');
    await expectRejected(copy('sqlite:///none.sqlite3', young, '--json'), 'DATABASE_MISSING', 3);
    const {path, execute} = makeSqliteDatabase();
    await execute('CREATE TABLE something (x)');
    await expectRejected(copy(`sqlite:///${path}`, young, '--json'), 'SCHEMA_MISSING', 3);
    await expectRejected(copy('nonsense', young, '--json'), 'CONFIG_INVALID', 2);
  });
});

/** Collations of MariaDB: the defaults of databases, and some that an administrator may choose. */
const foldingCollations = [
  'latin1_swedish_ci',
  'utf8mb4_general_ci',
  'utf8mb4_unicode_ci',
  'utf8mb4_general_nopad_ci',
  'utf8mb4_uca1400_as_cs',
];

/** Creates a table of counters as the Python service does, with this collation of the modes. */
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

/** Creates an SQLite table of counters by hand that ignores case. */
async function makeCaseInsensitiveFile(): Promise<NetworkTestDatabase> {
  const database = await makeFile();
  await database.execute(
    'CREATE TABLE uniqueindex (id VARCHAR(255) PRIMARY KEY COLLATE NOCASE, "index" BIGINT NOT NULL)',
  );
  return database;
}

/** Writes a file for `--spellings`. */
function listOf(...spellings: readonly string[]): string {
  const path = join(makeWorkspace(), 'spellings.txt');
  writeFileSync(path, spellings.map((spelling) => `${spelling}\n`).join(''));
  return path;
}

needs('postgresql', 'mariadb').describe(
  'dbsync --from a table that folds several spellings into one mode',
  () => {
    it.each(foldingCollations)(
      'copies a %s table only with a list of the used spellings',
      async (collation) => {
        const young = await makeFilled('SQLite');
        const {url, execute} = await makePythonDatabase(collation);
        await execute(`INSERT INTO uniqueindex VALUES ('file', 30), ('upload', 7)`);
        expect(await expectRejected(copy(url, young, '--json'), 'REJECTED', 6)).toContain(collation);
        expect(await countersOf(young)).toEqual({});
        const spelling = collation.endsWith('_cs') ? 'fi\u200ble' : 'FILE';
        const copied = await copy(url, young, '--spellings', listOf(spelling, '', 'upload'), '--json');
        expect(JSON.parse(copied.stdout)).toMatchObject({
          spellings: [spelling],
          copied: [{mode: 'file'}, {mode: 'upload'}, {mode: spelling, before: null, after: 30}],
        });
        expect(await countersOf(young)).toEqual({file: 30n, [spelling]: 30n, upload: 7n});
        expect(await (await young.open()).advance([claim(spelling, 1n)], 0n)).toEqual([granted(31n)]);
      },
    );

    it('requires the list also with --dry-run, shows the further modes, and changes nothing', async () => {
      const young = await makeFilled('SQLite');
      const {url, execute} = await makePythonDatabase('latin1_swedish_ci');
      await execute(`INSERT INTO uniqueindex VALUES ('file', 30)`);
      await expectRejected(copy(url, young, '--json', '--dry-run'), 'REJECTED', 6);
      const dry = await copy(url, young, '--spellings', listOf('FILE'), '--dry-run', '--json');
      expect(JSON.parse(dry.stdout)).toMatchObject({
        dryRun: true,
        spellings: ['FILE'],
        copied: [{mode: 'file'}, {mode: 'FILE', before: null, after: 30}],
      });
      expect(await countersOf(young)).toEqual({});
    });

    it('names the further modes in the output for people', async () => {
      const young = await makeFilled('SQLite');
      const {url, execute} = await makePythonDatabase('latin1_swedish_ci');
      await execute(`INSERT INTO uniqueindex VALUES ('file', 30)`);
      const copied = await copy(url, young, '--spellings', listOf('FILE'));
      expect(copied.status, copied.stderr).toBe(0);
      expect(copied.stdout.trimEnd().split('\n').at(-1)).toContain('"FILE"');
      // The warnings against the old database, and to set create_modes = no.
      expect(warningsIn(copied)).toHaveLength(2);
      expect(warningsIn(copied)[1]).toContain('create_modes');
    });

    it.each(['latin1_swedish_ci', 'utf8mb4_general_ci'])(
      'rejects a spelling that has no counter in a %s table, and changes nothing',
      async (collation) => {
        const young = await makeFilled('SQLite');
        const {url, execute} = await makePythonDatabase(collation);
        await execute(`INSERT INTO uniqueindex VALUES ('file', 30)`);
        const copyListed = (path: string): Promise<Finished> =>
          copy(url, young, '--spellings', path, '--json');
        for (const spelling of ['fiel', 'Файл'])
          expect(await expectRejected(copyListed(listOf('FILE', spelling)), 'REJECTED', 6)).toContain(
            `"${spelling}"`,
          );
        expect(await countersOf(young)).toEqual({});
        await expectRejected(copyListed(listOf('fi\tle')), 'INVALID_MODE', 2);
        await expectRejected(copyListed('none.txt'), 'USAGE', 2);
      },
    );

    it('rejects --spellings without --from', async () => {
      expect((await cli(['dbsync', '--spellings', listOf()], {cwd: makeWorkspace()})).status).toBe(2);
    });

    it('needs no list if no mode exists, or if the new table folds in the same way', async () => {
      const young = await makeFilled('SQLite');
      const {url, execute} = await makePythonDatabase('latin1_swedish_ci');
      expect((await copy(url, young)).status).toBe(0);
      await execute(`INSERT INTO uniqueindex VALUES ('file', 30)`);
      const same = await makePythonDatabase('latin1_swedish_ci');
      const copied = await copy(url, same);
      expect(copied.status, copied.stderr).toBe(0);
      expect(await (await same.open()).advance([claim('FILE', 1n)], 0n)).toEqual([granted(31n)]);
      const other = await makePythonDatabase('utf8mb4_general_ci');
      await expectRejected(copy(url, other, '--json'), 'REJECTED', 6);
    });

    it.each(['latin1_bin', 'utf8mb4_bin', 'latin1_swedish_ci'])(
      'also copies a counter that a %s table pads with spaces to the mode without them',
      async (collation) => {
        const young = await makeFilled('SQLite');
        const {url, execute} = await makePythonDatabase(collation);
        await execute(`INSERT INTO uniqueindex VALUES ('file  ', 30), ('other', 7)`);
        const more = collation.endsWith('_ci') ? ['--spellings', listOf()] : [];
        const copied = await copy(url, young, ...more, '--json');
        expect(copied.status, copied.stdout).toBe(0);
        expect(JSON.parse(copied.stdout)).toMatchObject({spellings: ['file']});
        expect(await countersOf(young)).toEqual({'file  ': 30n, file: 30n, other: 7n});
      },
    );

    it('adds the spellings that processes of this machine have used, with the highest mark', async () => {
      const folding = await makeCaseInsensitiveFile();
      await openMigrated(folding);
      const options = {cwd: makeWorkspace(), env: {PEEWEE_URL: folding.url}};
      for (const mode of ['file', 'FILE'])
        expect((await cli(['getid', '-m', mode, '-r', '10'], options)).status).toBe(0);
      await folding.execute(`UPDATE uniqueindex SET "index" = 15`);

      const young = await makeFilled('SQLite');
      await copy(folding.url, young, '--spellings', listOf('File'), '--json');
      expect(await countersOf(young)).toEqual({file: 20n, FILE: 20n, File: 20n});

      const alike = await makeCaseInsensitiveFile();
      await openMigrated(alike);
      await copy(folding.url, alike, '--json');
      expect(await countersOf(alike)).toEqual({file: 20n});
    });

    it('takes marks along, so that an older copy is never issued again, and names marks that it cannot read', async () => {
      const old = await makeFilled('SQLite', {mode: 'file', next: 5n});
      const options = {cwd: makeWorkspace(), env: {PEEWEE_URL: old.url}};
      expect((await cli(['getid', '-m', 'file', '-r', '20'], options)).status).toBe(0);
      await old.execute(`UPDATE uniqueindex SET "index" = 7`);
      const young = await makeFilled('SQLite');
      expect(await copy(old.url, young)).toMatchObject({status: 0});
      expect(await countersOf(young)).toEqual({file: 25n});
      await young.execute(`UPDATE uniqueindex SET "index" = 9`);
      const taken = await cli(['getid', '-m', 'file'], {cwd: makeWorkspace(), env: {PEEWEE_URL: young.url}});
      expect(taken.stdout).toContain('"startIndex": 25');

      const guardFile = `${old.url.replace(/^.*?:\/\/\//, '')}-issued`;
      rmSync(guardFile);
      const silent = await copy(old.url, await makeFilled('SQLite'));
      expect(silent.stderr).not.toContain('high-water marks');
      mkdirSync(guardFile);
      const warned = await copy(old.url, await makeFilled('SQLite'));
      expect(warned).toMatchObject({status: 0});
      expect(warned.stderr).toContain(`high-water marks ${guardFile}`);
    });

    it('copies neither from nor into an SQLite table that ignores case unless it keeps every mode', async () => {
      const folding = await makeCaseInsensitiveFile();
      await folding.execute(`INSERT INTO uniqueindex VALUES ('file', 30)`);
      const exact = await makeFilled('SQLite');
      await expectRejected(copy(folding.url, exact, '--json'), 'REJECTED', 6);
      const dry = await copy(folding.url, exact, '--spellings', listOf('FILE'), '--dry-run', '--json');
      expect(JSON.parse(dry.stdout)).toMatchObject({spellings: ['FILE'], copied: [{}, {after: 30}]});
      const old = await makeFilled('SQLite', ...['FILE', 'a', 'A'].map((mode) => ({mode, next: 70n})));
      const message = await expectRejected(copy(old.url, folding, '--json'), 'REJECTED', 6);
      expect(message).toMatch(/"FILE".*"file"/);
      expect(await folding.query('SELECT * FROM uniqueindex')).toEqual([['file', '30']]);
    });
  },
);
