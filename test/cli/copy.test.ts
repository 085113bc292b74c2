import {join} from 'node:path';
import {expect, it} from 'vitest';
import {cli, type Finished} from '../helpers/cli.js';
import {makeMysqlDatabase} from '../helpers/mysql-database.js';
import {needs} from '../helpers/needs.js';
import {makePostgresDatabase} from '../helpers/postgres-database.js';
import {makeSqliteDatabase} from '../helpers/sqlite-database.js';
import {makeWorkspace} from '../helpers/workspace.js';

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
    expect(refused.stderr).toContain('are the same database; nothing was changed');
  });

  it('says which modes collide in a case-insensitive table, and changes nothing', async () => {
    const {old, run} = await setUp('SQLite', 'SQLite');
    for (const mode of ['file', 'FILE', 'other']) await run(old, 'getid', '-m', mode, '-r', '10');
    const {url, execute, query} = await makeMysqlDatabase();
    await execute('CREATE TABLE uniqueindex (id VARCHAR(255) NOT NULL PRIMARY KEY, `index` BIGINT NOT NULL)');
    await execute(`INSERT INTO uniqueindex VALUES ('Other', 3)`);
    const refused = await run(url, 'dbsync', '--from', old);
    expect(refused.status).toBe(6);
    expect(refused.stderr).toContain('"file" and "FILE", "other" and "Other"; nothing was changed.');
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
