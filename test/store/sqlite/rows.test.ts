import {mkdirSync, linkSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {spawnSync} from 'node:child_process';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {migrate} from '../../../src/lib/store/schema/migrate.js';
import type {Store} from '../../../src/lib/store/store.js';
import {cli, startServer, waitFor} from '../../helpers/programs/cli.js';
import {needs} from '../../helpers/run/needs.js';
import {makeSqliteDatabase, type SqliteTestDatabase} from '../../helpers/databases/sqlite-database.js';
import {copyFixture, makeWorkspace, root} from '../../helpers/folders/workspace.js';
import {claim, granted} from '../../helpers/databases/claims.js';

async function ready(): Promise<{database: SqliteTestDatabase; store: Store}> {
  const database = makeSqliteDatabase();
  const store = await database.open({create: true});
  await migrate(store);
  return {database, store};
}

/** Ids as SQL and as they are listed, in the order of the table. */
const oddIds = [
  [`''`, `CAST(x'' AS TEXT)`],
  [`'CAST(x''61'' AS TEXT)'`, `CAST(x'43415354287827363127204153205445585429' AS TEXT)`],
  [`CAST(x'61FF62' AS TEXT)`, `CAST(x'61FF62' AS TEXT)`],
  [`CAST(x'61FF63' AS TEXT)`, `CAST(x'61FF63' AS TEXT)`],
  [`'file'`, 'file'],
  [`'x''62'''`, `CAST(x'7827363227' AS TEXT)`],
  [`'\uFFFD'`, '\uFFFD'],
  [`x'61FF62'`, `x'61FF62'`],
  [`x'66696C65'`, `x'66696C65'`],
] as const;

describe('rows with ids that no request can name', () => {
  it('are listed as SQL literals, one page after another', async () => {
    const {database, store} = await ready();
    for (const [index, [id]] of oddIds.entries())
      await database.execute(`INSERT INTO uniqueindex VALUES (${id}, ${index})`);
    const expected = oddIds.map(([, mode], index) => ({mode, next: BigInt(index)}));
    const byBytes = await store.counters();
    expect(byBytes.toSorted((a, b) => Number(a.next) - Number(b.next))).toEqual(expected);
    const paged: unknown[] = [];
    for (let after: string | undefined; paged.length <= oddIds.length;) {
      const [counter] = await store.counters({after, limit: 1});
      if (counter === undefined) break;
      paged.push(counter);
      after = counter.mode;
    }
    expect(paged).toEqual(byBytes);
  });

  it('are moved by their SQL literal, and not confused with a mode of the same text', async () => {
    const {database, store} = await ready();
    await database.execute(`INSERT INTO uniqueindex VALUES (x'61FF', 5), ('file', 7)`);
    expect(await store.moveCounters([{mode: `x'61FF'`, from: 5n, to: 6n}])).toEqual([]);
    expect(await database.query('SELECT "index" FROM uniqueindex ORDER BY id')).toEqual([['7'], ['6']]);
    expect(await store.advance([claim(`x'61FF'`, 1n)], 0n)).toEqual([granted(1n)]);
    expect(await store.counter(`x'61FF'`)).toEqual({mode: `x'61FF'`, next: 1n});
    expect(await store.moveCounters([{mode: `x'61FF'`, from: 1n, to: 2n}])).toEqual([]);
    expect(await database.query('SELECT "index" FROM uniqueindex ORDER BY id')).toEqual([
      ['7'],
      ['2'],
      ['6'],
    ]);
  });

  it('are shown by status', async () => {
    const {database} = await ready();
    await database.execute(
      `INSERT INTO uniqueindex VALUES (x'61FF', 5), ('', 3), (CAST(x'FF' AS TEXT), 4), ('file', 7)`,
    );
    const options = {cwd: makeWorkspace()};
    const shown = await cli(['status', '--database', `sqlite:///${database.path}`], options);
    expect(shown.status).toBe(0);
    expect(shown.stdout).toContain(`x'61FF'`);
    const json = await cli(['status', '--json', '--database', `sqlite:///${database.path}`], options);
    const {modes} = JSON.parse(json.stdout) as {modes: {mode: string}[]};
    expect(modes.map(({mode}) => mode)).toEqual([
      `CAST(x'' AS TEXT)`,
      'file',
      `CAST(x'FF' AS TEXT)`,
      `x'61FF'`,
    ]);
  });
});

describe('an SQLite file', () => {
  it('with two names causes a warning from status and at the start of serve', async () => {
    const {database} = await ready();
    linkSync(database.path, `${database.path}.backup`);
    const options = {cwd: makeWorkspace()};
    const url = `sqlite:///${database.path}`;
    const {stdout} = await cli(['status', '--json', '--database', url], options);
    const document = JSON.parse(stdout) as {database: {warnings: string[]}};
    expect(document.database.warnings).toEqual([expect.stringContaining('2 names')]);
    const server = await startServer(['--database', url], options);
    await waitFor(() => /2 names/.exec(server.stderr())?.[0], server);
  });

  needs('mounts').it('that is mounted alone is rejected, by its path and by a symbolic link', () => {
    const folder = realpathSync(makeWorkspace());
    const own = copyFixture('pacifica-1.0.sqlite3', folder, 'own.sqlite3');
    mkdirSync(join(folder, 'in the container'));
    const mounted = join(folder, 'in the container', 'db.sqlite3');
    writeFileSync(mounted, '');
    symlinkSync(mounted, join(folder, 'link.sqlite3'));
    const run = (path: string, ...args: readonly string[]): number | null => {
      const script = 'mount --bind "$1" "$2" && shift 2 && exec "$@"';
      const command = [
        process.execPath,
        join(root, 'bin', 'run.js'),
        ...args,
        '--database',
        `sqlite:///${path}`,
      ];
      const shell = ['--mount', 'sh', '-c', script, 'sh', own, mounted, ...command];
      return spawnSync('unshare', shell, {env: {PATH: process.env['PATH'], HOME: folder}}).status;
    };
    for (const path of [mounted, join(folder, 'link.sqlite3')]) {
      expect(run(path, 'getid', '--mode', 'file')).toBe(4);
      expect(run(path, 'dbsync')).toBe(4);
      expect(run(path, 'serve', '--port', '0')).toBe(4);
    }
    expect(run(own, 'getid', '--mode', 'file')).toBe(0);
  });

  it('replaced by one with an unsuitable structure is rejected before the next allocation', async () => {
    const {database, store} = await ready();
    const claims = [claim('file', 10n)];
    await store.advance(claims, 0n);
    const {database: other, store: opened} = await ready();
    await other.execute('CREATE TRIGGER t AFTER UPDATE ON uniqueindex BEGIN SELECT 1; END');
    await opened.close();
    for (const suffix of ['', '-wal', '-shm']) rmSync(database.path + suffix);
    renameSync(other.path, database.path);
    await expect(store.advance(claims, 0n)).rejects.toMatchObject({code: 'SCHEMA_UNSUITABLE'});
  });
});
