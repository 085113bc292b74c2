import {appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it as test} from 'vitest';
import {formatLine, parseLine} from '../../src/lib/allocation/memory/lines.js';
import {makeMysqlDatabase} from '../helpers/databases/mysql-database.js';
import {makePostgresDatabase} from '../helpers/databases/postgres-database.js';
import {makeSqliteDatabase} from '../helpers/databases/sqlite-database.js';
import {makeWorkspace} from '../helpers/folders/workspace.js';
import {ask, rangeOf} from '../helpers/network/http.js';
import {cli, startServer, type RunningServer} from '../helpers/programs/cli.js';
import {needs, type Need} from '../helpers/run/needs.js';
import type {TestDatabase} from '../store/conformance.js';

interface Place {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly database: TestDatabase;
  /** The file of high-water marks. */
  readonly guardFile: string;
}

const kinds: readonly {name: string; need?: Need; quote: string; make: () => Promise<Place>}[] = [
  {
    name: 'SQLite',
    quote: '"',
    make: () => {
      const cwd = makeWorkspace();
      const database = makeSqliteDatabase(join(cwd, 'db.sqlite3'));
      return Promise.resolve({cwd, env: {}, database, guardFile: join(cwd, 'db.sqlite3-issued')});
    },
  },
  {
    name: 'PostgreSQL',
    need: 'postgresql',
    quote: '"',
    make: async () => onNetwork(await makePostgresDatabase()),
  },
  {name: 'MariaDB', need: 'mariadb', quote: '`', make: async () => onNetwork(await makeMysqlDatabase())},
];

function onNetwork(database: TestDatabase & {readonly url: string}): Place {
  const cwd = makeWorkspace();
  const guardFile = join(cwd, 'state', 'issued');
  return {cwd, env: {PEEWEE_URL: database.url, STATE_DIRECTORY: join(cwd, 'state')}, database, guardFile};
}

/** Takes a backup of both tables. @returns a function that puts it back */
async function backUp(database: TestDatabase, quote: string): Promise<() => Promise<void>> {
  const rows = await database.query(`SELECT id, ${quote}index${quote} FROM uniqueindex`);
  const parts = await database.query('SELECT part, value FROM uniqueindexsystem');
  return async () => {
    await database.execute('DELETE FROM uniqueindexsystem');
    for (const [part, value] of parts)
      await database.execute(`INSERT INTO uniqueindexsystem (part, value) VALUES ('${part}', ${value})`);
    await database.execute('DELETE FROM uniqueindex');
    for (const [mode, next] of rows)
      await database.execute(`INSERT INTO uniqueindex VALUES ('${mode}', ${next})`);
  };
}

async function take(server: RunningServer, range: number, mode = 'file'): Promise<bigint> {
  const answer = await ask(server.url, `/getid?mode=${mode}&range=${range}`);
  expect(answer.status, answer.body).toBe(200);
  return rangeOf(answer).start;
}

async function end(server: RunningServer, signal: NodeJS.Signals): Promise<void> {
  server.process.kill(signal);
  await server.finished;
}

describe.each(kinds)('high-water marks after a restart ($name)', ({need, quote, make}) => {
  const {it} = needs(...(need === undefined ? [] : [need]));

  it.each(['SIGTERM', 'SIGKILL'] as const)(
    'raise the counters of a backup restored after %s',
    async (signal) => {
      const {cwd, env, database} = await make();
      const options = {cwd, env};
      const first = await startServer(['--sync'], options);
      expect(await take(first, 10)).toBe(0n);
      const restore = await backUp(database, quote);
      expect(await take(first, 90)).toBe(10n);
      expect(await take(first, 5, 'younger')).toBe(0n);
      const printed = await cli(['getid', '--mode', 'file', '--format', 'list'], options);
      expect(printed.stdout.trim()).toBe('100');
      await end(first, signal);
      await restore();

      const second = await startServer([], options);
      expect(await take(second, 1)).toBe(101n);
      expect(await take(second, 1, 'younger')).toBe(5n);
      expect(second.stderr()).toContain('went backwards');
      const health = await ask(second.url, '/health');
      expect([health.status, JSON.parse(health.body)]).toMatchObject([200, {status: 'degraded'}]);
      expect((await ask(second.url, '/metrics')).body).toMatch(
        /^uniqueid_regressions_total\{outcome="raised"\} 2$/m,
      );
      await end(second, signal);
      await restore();
      // The command line alone remembers too.
      const alone = await cli(['getid', '--mode', 'file', '--format', 'list'], options);
      expect(alone.stdout.trim()).toBe('102');
    },
  );

  it('obey a deliberate reset, in running, restarted and later services', async () => {
    const {cwd, env} = await make();
    const options = {cwd, env};
    const servers = [await startServer(['--sync'], options), await startServer([], options)] as const;
    const elsewhere = await startServer([], {
      cwd,
      env: {...env, UNIQUEID_GUARD_FILE: join(cwd, 'elsewhere')},
    });
    expect(await take(servers[0], 100)).toBe(0n);
    expect(await take(servers[1], 100)).toBe(100n);
    expect(await take(elsewhere, 100)).toBe(200n);
    await end(servers[1], 'SIGTERM');
    const reset = ['reset', '--mode', 'file', '--to', '7', '--yes', '--allow-duplicates'];
    const {status, stdout} = await cli(reset, options);
    expect(status).toBe(0);
    expect(stdout).toContain('have issued');
    expect(await take(servers[0], 1)).toBe(7n);
    expect(await take(elsewhere, 1)).toBe(8n);
    const restarted = await startServer([], options);
    const later = await startServer([], {cwd, env: {...env, UNIQUEID_GUARD_FILE: join(cwd, 'later')}});
    expect(await take(restarted, 1)).toBe(9n);
    expect(await take(later, 1)).toBe(10n);
    await end(elsewhere, 'SIGKILL');
    const again = await startServer([], {cwd, env: {...env, UNIQUEID_GUARD_FILE: join(cwd, 'elsewhere')}});
    expect(await take(again, 1)).toBe(11n);
  });
});

describe.each(kinds)('a reset that another file of marks knows ($name)', ({need, quote, make}) => {
  const {it} = needs(...(need === undefined ? [] : [need]));
  const reset = async ({cwd, env}: Place, mode: string, to: number): Promise<void> => {
    const target = ['--mode', mode, '--to', String(to), '--yes', '--allow-duplicates'];
    const {status, stderr} = await cli(['reset', ...target], {cwd, env});
    expect(status, stderr).toBe(0);
  };
  const elsewhere = (place: Place): Place => ({
    ...place,
    env: {...place.env, UNIQUEID_GUARD_FILE: join(place.cwd, 'elsewhere')},
  });
  const getid = async ({cwd, env}: Place, mode: string, range: number): Promise<string> => {
    const {stdout} = await cli(['getid', '--mode', mode, '--range', String(range)], {cwd, env});
    return String((JSON.parse(stdout) as {startIndex: number}).startIndex);
  };

  it('is obeyed although a reset of another mode was made after it', async () => {
    const place = await make();
    const first = await startServer(['--sync'], place);
    expect(await take(first, 200)).toBe(0n);
    expect(await take(first, 50, 'other')).toBe(0n);
    await end(first, 'SIGTERM');
    await reset(elsewhere(place), 'file', 7);
    await reset(place, 'other', 0);
    expect(await getid(place, 'file', 1)).toBe('7');
    const second = await startServer([], place);
    expect(await take(second, 1)).toBe(8n);
    expect(await take(second, 1, 'other')).toBe(0n);
  });

  it('is no reason to take a later accident for a reset, with getid alone', async () => {
    const place = await make();
    await cli(['dbsync'], place);
    expect(await getid(place, 'file', 50)).toBe('0');
    expect(await getid(place, 'other', 10)).toBe('0');
    await reset(elsewhere(place), 'other', 0);
    expect(await getid(place, 'file', 50)).toBe('50');
    const restore = await backUp(place.database, quote);
    expect(await getid(place, 'file', 100)).toBe('100');
    expect(await getid(place, 'young', 5)).toBe('0');
    await restore();
    expect(await getid(place, 'file', 1)).toBe('200');
    expect(await getid(place, 'young', 1)).toBe('5');
  });

  it.each([10, 50])(
    'to %i is obeyed below the marks, although the restored counter was at 10',
    async (to) => {
      const place = await make();
      const first = await startServer(['--sync'], place);
      expect(await take(first, 10)).toBe(0n);
      const restore = await backUp(place.database, quote);
      expect(await take(first, 90)).toBe(10n);
      await end(first, 'SIGTERM');
      await restore();
      const careless = ['reset', '--mode', 'file', '--to', String(to), '--yes'];
      expect((await cli(careless, place)).status).toBe(6);
      await reset(place, 'file', to);
      expect(await getid(place, 'file', 1)).toBe(String(to));
      for (const start of [to + 1, to + 2]) {
        const later = await startServer([], place);
        expect(await take(later, 1)).toBe(BigInt(start));
        await end(later, 'SIGKILL');
      }
    },
  );

  it('is obeyed although the clock was ahead when the marks were written', async () => {
    const place = await make();
    await cli(['dbsync'], place);
    expect(await getid(place, 'file', 50)).toBe('0');
    const line = parseLine(readFileSync(place.guardFile, 'utf8').trim().split('\n').at(-1) ?? '');
    if (line === undefined) throw new Error('the file holds no mark');
    const ahead = {...line.origin, epoch: Math.floor(Date.now() / 1000)};
    appendFileSync(place.guardFile, formatLine({kind: 'mark', origin: ahead, mode: 'file', next: 90n}));
    await reset(place, 'file', 7);
    expect(await getid(place, 'file', 1)).toBe('7');
    expect(await getid(place, 'file', 1)).toBe('8');
  });

  it('of more than 100 modes does not make the marks of others void', async () => {
    const place = await make();
    const first = await startServer(['--sync'], place);
    expect(await take(first, 100)).toBe(0n);
    const names = Array.from({length: 101}, (_, index) => `mode${index}`);
    for (const name of names) await place.database.execute(`INSERT INTO uniqueindex VALUES ('${name}', 5)`);
    await end(first, 'SIGTERM');
    await place.database.execute(`UPDATE uniqueindex SET ${quote}index${quote} = 10 WHERE id = 'file'`);
    const target = [...names.flatMap((name) => ['--mode', name]), '--to', '0', '--yes'];
    const {status, stderr} = await cli(['reset', ...target, '--allow-duplicates'], place);
    expect(status, stderr).toBe(0);
    expect(await getid(place, 'mode7', 1)).toBe('0');
    expect(await getid(place, 'file', 1)).toBe('100');
  });

  it('does not hide that a backup was restored before it', async () => {
    const place = await make();
    const first = await startServer(['--sync'], place);
    expect(await take(first, 10)).toBe(0n);
    expect(await take(first, 10, 'other')).toBe(0n);
    const restore = await backUp(place.database, quote);
    expect(await take(first, 90)).toBe(10n);
    await end(first, 'SIGTERM');
    await restore();
    await reset(elsewhere(place), 'other', 3);
    const second = await startServer([], place);
    expect(await take(second, 1)).toBe(100n);
    expect(await take(second, 1, 'other')).toBe(3n);
  });
});

describe('a file of high-water marks that fails', () => {
  const start = async (cwd: string, env = {}): Promise<RunningServer> => startServer(['--sync'], {cwd, env});

  test.each([
    [
      'is damaged in part',
      (path: string) => {
        appendFileSync(path, 'm\t1\t0\tx\t999999\tfile\tabc\n\0\0\0');
      },
    ],
    [
      'lacks its first line',
      (path: string) => {
        writeFileSync(path, `garbage\n${readFileSync(path, 'utf8')}`);
      },
    ],
    [
      'is of a newer version',
      (path: string) => {
        writeFileSync(path, readFileSync(path, 'utf8').replace(/marks 1/, 'marks 2'));
      },
    ],
  ])('still knows what was issued if it %s', async (what, damage) => {
    const isDamaged = what !== 'is of a newer version';
    const cwd = makeWorkspace();
    const database = makeSqliteDatabase(join(cwd, 'db.sqlite3'));
    const first = await start(cwd);
    await take(first, 10);
    const restore = await backUp(database, '"');
    await take(first, 90);
    await end(first, 'SIGTERM');
    damage(join(cwd, 'db.sqlite3-issued'));
    await restore();
    const second = await start(cwd);
    expect(await take(second, 10)).toBe(100n);
    expect(second.stderr()).toMatch(isDamaged ? /had damaged lines/ : /newer version/);
    await end(second, 'SIGKILL');
    await restore();
    expect(await take(await start(cwd), 1)).toBe(110n);
  });

  test('is written again if it is deleted while servers run', async () => {
    const cwd = makeWorkspace();
    const database = makeSqliteDatabase(join(cwd, 'db.sqlite3'));
    const first = await start(cwd);
    await take(first, 10);
    const restore = await backUp(database, '"');
    await take(first, 90);
    const path = join(cwd, 'db.sqlite3-issued');
    rmSync(path);
    const written = (): boolean => existsSync(path) && readFileSync(path, 'utf8').includes('\tfile\t');
    await expect.poll(written, {timeout: 20_000}).toBe(true);
    await end(first, 'SIGKILL');
    await restore();
    expect(await take(await start(cwd), 1)).toBe(100n);
  });

  test('causes a warning and a metric, but no outage, and is used once it can be', async () => {
    const cwd = makeWorkspace();
    const path = join(cwd, 'marks');
    mkdirSync(path);
    const server = await start(cwd, {UNIQUEID_GUARD_FILE: path});
    await take(server, 10);
    expect((await ask(server.url, '/metrics')).body).toMatch(/^uniqueid_guard_file_failed 1$/m);
    expect((await ask(server.url, '/health')).status).toBe(200);
    expect((await ask(server.url, '/status')).body).toContain('high-water marks');
    await expect.poll(() => server.stderr(), {timeout: 20_000}).toContain('high-water marks');
    rmSync(path, {recursive: true});
    await expect.poll(() => existsSync(path), {timeout: 20_000}).toBe(true);
    expect(readFileSync(path, 'utf8')).toContain('\tfile\t');
  });

  test('never is a database by mistake', async () => {
    const cwd = makeWorkspace();
    const server = await start(cwd, {UNIQUEID_GUARD_FILE: join(cwd, 'db.sqlite3')});
    expect(await take(server, 10)).toBe(0n);
    expect(await take(server, 10)).toBe(10n);
  });

  test('keeps the newest modes when it is rewritten, and all processes go on with it', async () => {
    const cwd = makeWorkspace();
    // Even fewer than are kept.
    const env = {UNIQUEID_MAX_MODES: '1000'};
    const path = join(cwd, 'db.sqlite3-issued');
    const servers = [await start(cwd, env), await start(cwd, env)] as const;
    await take(servers[0], 5);
    const {origin} = parseLine(readFileSync(path, 'utf8').trim().split('\n').at(-1) ?? '') ?? {};
    if (origin === undefined) throw new Error('the file holds no mark');
    for (let turn = 0; turn < 120; turn++) {
      const lines = Array.from({length: 1000}, (_, index) =>
        formatLine({kind: 'mark', origin, mode: `mode ${turn} ${index}`, next: 1n}),
      );
      appendFileSync(path, lines.join(''));
    }
    const count = (): number =>
      readFileSync(path, 'utf8')
        .split('\n')
        .filter((line) => line !== '').length;
    await expect
      .poll(
        async () => {
          await take(servers[1], 1);
          return count();
        },
        {timeout: 30_000},
      )
      .toBeLessThan(100_100);
    expect(count()).toBeGreaterThan(100_000);
    const next = (await take(servers[0], 5)) + 5n;
    for (const server of servers) await end(server, 'SIGKILL');
    await makeSqliteDatabase(join(cwd, 'db.sqlite3')).execute('UPDATE uniqueindex SET "index" = 1');
    expect(await take(await start(cwd, env), 1)).toBe(next);
  });
});
