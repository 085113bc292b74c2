import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {describe, expect, it} from 'vitest';
import {cli, startCli, startServer, waitFor} from '../../helpers/programs/cli.js';
import {serving} from '../../helpers/network/listening.js';
import {ask} from '../../helpers/network/http.js';
import {lockDatabase, makeSqliteDatabase} from '../../helpers/databases/sqlite-database.js';
import {copyFixture, makeWorkspace} from '../../helpers/folders/workspace.js';

function archive(): {cwd: string; counters: () => Promise<Record<string, string>>} {
  const cwd = makeWorkspace();
  const path = copyFixture('pacifica-1.0.sqlite3', cwd, 'db.sqlite3');
  return {
    cwd,
    counters: async () =>
      Object.fromEntries(
        (await makeSqliteDatabase(path).query('SELECT * FROM uniqueindex')) as readonly [string, string][],
      ),
  };
}

const untouched = {file: '251038', upload_job: '3', 'mode with space': '6', Файл: '4'};

describe('reset', () => {
  it('without a terminal refuses, and changes nothing', async () => {
    const {cwd, counters} = archive();
    for (const args of [
      ['-m', 'file', '--to', '0'],
      ['-m', 'file', '--to', '300000'],
      ['--all', '--to', '0'],
      ['-m', 'file', '--to', '0', '--json'],
    ]) {
      const refused = await cli(['reset', ...args], {cwd});
      expect(refused.status, args.join(' ')).toBe(6);
      expect(refused.stdout + refused.stderr).toContain('add --yes if you are sure');
    }
    expect(await counters()).toEqual(untouched);
  });

  it('waits for a database that services keep busy', async () => {
    const {cwd, counters} = archive();
    const release = lockDatabase(join(cwd, 'db.sqlite3'));
    const reset = startCli(['reset', '-m', 'file', '--to', '300000', '--yes'], {cwd});
    await waitFor(() => /ISSUED TWICE/.exec(reset.stdout())?.[0], reset);
    // Far longer than SQLite itself waits for a lock.
    await sleep(1000);
    release();
    expect(await reset.finished).toMatchObject({status: 0, stderr: ''});
    expect(await counters()).toEqual({...untouched, file: '300000'});
  });

  it('--dry-run shows what it would do, and changes nothing', async () => {
    const {cwd, counters} = archive();
    const dry = await cli(['reset', '-m', 'file', '-m', 'upload_job', '--to', '1000', '--dry-run'], {cwd});
    expect(dry).toMatchObject({status: 0, stderr: ''});
    expect(dry.stdout).toBe(
      [
        'MODE        CURRENT    NEW  ISSUED TWICE',
        'file        251,038  1,000       250,038',
        'upload_job        3  1,000             0',
        '',
        'Would move 2 counters.',
        '',
      ].join('\n'),
    );
    expect(await counters()).toEqual(untouched);
  });

  it('--yes moves the modes that are named, and no other', async () => {
    const {cwd, counters} = archive();
    expect((await cli(['reset', '-m', 'file', '--to', '300000', '--yes'], {cwd})).status).toBe(0);
    expect((await cli(['reset', '-m', 'Файл', '--to', '0', '--yes'], {cwd})).status).toBe(0);
    expect(await counters()).toEqual({...untouched, file: '300000', Файл: '0'});
    expect((await cli(['getid', '-m', 'file'], {cwd})).stdout).toBe(
      '{"endIndex": 300000, "startIndex": 300000}\n',
    );
  });

  it.each([
    [['-m', 'file', '--yes']],
    [['--all', '--yes']],
    [['--all', '--yes', '--json']],
    [['-m', 'file', '--dry-run']],
    [['--all', '--dry-run']],
    [['-m', 'file']],
  ])('requires --to: %j is a usage error and changes nothing', async (args) => {
    const {cwd, counters} = archive();
    const refused = await cli(['reset', ...args], {cwd, env: {UNIQUEID_FIRST_INDEX: '1'}});
    expect(refused.status).toBe(2);
    expect(refused.stdout + refused.stderr).toContain('--to');
    expect(await counters()).toEqual(untouched);
  });

  it('--all moves every mode', async () => {
    const {cwd, counters} = archive();
    const all = await cli(['reset', '--all', '--to', '9223372036854775807', '--yes', '--json'], {cwd});
    expect(all.status).toBe(0);
    expect(all.stdout).toContain('"to": 9223372036854775807');
    expect(JSON.parse(all.stdout)).toMatchObject({
      dryRun: false,
      moves: [{mode: 'file', from: 251_038, reissued: 0, backward: false}, {}, {}, {}],
    });
    expect(new Set(Object.values(await counters()))).toEqual(new Set(['9223372036854775807']));
    expect((await cli(['getid', '-m', 'file'], {cwd})).status).toBe(5);
  });

  it.each([
    [[], 2, 'No mode is named.'],
    [['-m', 'file', '--all'], 2, '--all'],
    [['-m', 'flie', '--to', '5'], 2, 'Did you mean "file"?'],
    [['-m', 'nothing-like-it', '--to', '5'], 2, '"uniqueid status" lists the modes there are.'],
    [['-m', 'file', '--to=-1'], 2, 'allowed: a whole number from 0 to 9223372036854775807'],
    [['-m', 'file', '--to', '9223372036854775808'], 2, 'allowed: a whole number'],
    [['-m', 'file', '-m', 'flie', '--to', '5', '--yes'], 2, 'Did you mean "file"?'],
    [['-m', 'file', '--to', '5', '--database', 'sqlite:///none.sqlite3'], 3, 'There is no database'],
  ])('%j ends with exit status %i and says why', async (args, status, message) => {
    const {cwd, counters} = archive();
    const refused = await cli(['reset', ...args], {cwd});
    expect(refused).toMatchObject({status, stdout: ''});
    expect(refused.stderr).toContain(message);
    expect(await counters()).toEqual(untouched);
  });

  it('mends a damaged counter', async () => {
    const cwd = makeWorkspace();
    await cli(['dbsync'], {cwd});
    const database = makeSqliteDatabase(join(cwd, 'db.sqlite3'));
    await database.execute(`INSERT INTO uniqueindex VALUES ('file', 1e30)`);
    const broken = await cli(['getid', '-m', 'file'], {cwd});
    expect(broken.status).toBe(1);
    expect(broken.stderr).toContain('uniqueid reset --mode MODE --to N');
    expect((await cli(['reset', '-m', 'file', '--to', '500', '--yes'], {cwd})).status).toBe(0);
    expect((await cli(['getid', '-m', 'file', '--format', 'plain'], {cwd})).stdout).toBe('500 500\n');
  });
});

describe('reset --server', () => {
  it('refuses what a running service has handed out', async () => {
    const cwd = makeWorkspace();
    const {url} = await startServer(['--sync'], {cwd});
    await cli(['getid', '-m', 'file', '-r', '100', '--server', url], {cwd});
    await cli(['getid', '-m', 'file', '-r', '50'], {cwd});
    const refused = await cli(['reset', '-m', 'file', '--to', '99', '--yes', '--server', url], {cwd});
    expect(refused.status).toBe(6);
    expect(refused.stderr).toContain(`The service at ${url} has handed out integers of mode "file" up to 99`);
    expect(refused.stderr).toContain('Reset to 100 or higher');
    const allowed = await cli(['reset', '-m', 'file', '--to', '100', '--yes', '--server', url], {cwd});
    expect(allowed.status).toBe(0);
    expect((await cli(['getid', '-m', 'file', '--format', 'plain', '--server', url], {cwd})).stdout).toBe(
      '100 100\n',
    );
  });

  /** A service that changes what a real one answers to /status; what it returns is answered as it is. */
  function distorting(real: string, distort: (status: Status) => unknown): Promise<string> {
    return serving((request, response) => {
      void ask(real, request.url ?? '').then(({body}) => {
        const answer = distort(JSON.parse(body) as Status);
        response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
      });
    });
  }

  interface Status {
    readonly service: object;
    readonly database: object;
    readonly modes: readonly object[];
  }

  const changed = (further: object) => (status: Status) => ({
    ...status,
    modes: status.modes.map((mode) => ({...mode, ...further})),
  });

  it.each<[string, number, (status: Status) => unknown]>([
    ['the mode is missing', 6, (status) => ({...status, modes: []})],
    ['only another mode is listed', 6, changed({mode: 'other'})],
    ['the mode is listed twice', 6, (status) => ({...status, modes: [...status.modes, ...status.modes]})],
    ['highWaterMark is missing', 6, changed({highWaterMark: undefined})],
    ['highWaterMark is a text', 7, changed({highWaterMark: '5'})],
    ['highWaterMark is a fraction', 7, changed({highWaterMark: 5.5})],
    ['highWaterMark is below 0', 7, changed({highWaterMark: -1})],
    ['next is missing', 7, changed({next: undefined})],
    ['a mode is null', 7, (status) => ({...status, modes: [null]})],
    ['modes are missing', 7, (status) => ({...status, modes: undefined})],
    ['no service is described', 7, (status) => ({...status, service: null})],
    ['no database is described', 7, (status) => ({...status, database: undefined})],
    [
      'the identity is missing',
      6,
      (status) => ({...status, database: {...status.database, identity: undefined}}),
    ],
    ['the identity is null', 6, (status) => ({...status, database: {...status.database, identity: null}})],
    ['the identity is another', 6, (status) => ({...status, database: {...status.database, identity: '0'}})],
    ['it is no JSON', 7, () => '<html>'],
    ['it is null', 7, () => 'null'],
    ['it is cut short', 7, (status) => JSON.stringify(status).slice(0, -9)],
  ])('fails closed where %s', async (_, status, distort) => {
    const {cwd, counters} = archive();
    const {url} = await startServer([], {cwd});
    const server = await distorting(url, distort);
    const args = ['reset', '-m', 'file', '--to', '300000', '--yes', '--server'];
    expect(await cli([...args, server, '--json'], {cwd})).toMatchObject({status});
    expect(await counters()).toEqual(untouched);
    // Nothing else is wrong with it.
    expect((await cli([...args, await distorting(url, (same) => same)], {cwd})).status).toBe(0);
  });

  it('fails closed where the service has another database', async () => {
    const {cwd, counters} = archive();
    const {url} = await startServer([], {cwd: archive().cwd});
    const refused = await cli(['reset', '-m', 'file', '--to', '300000', '--yes', '--server', url], {cwd});
    expect(refused.status).toBe(6);
    expect(refused.stderr).toContain(url);
    expect(await counters()).toEqual(untouched);
  });

  it('asks every service that is named', async () => {
    const {cwd, counters} = archive();
    const [first, second] = [await startServer([], {cwd}), await startServer([], {cwd})];
    await cli(['getid', '-m', 'file', '-r', '100', '--server', second.url], {cwd});
    const servers = ['--server', first.url, '--server', second.url];
    const refused = await cli(['reset', '-m', 'file', '--to', '251100', '--yes', ...servers], {cwd});
    expect(refused.status).toBe(6);
    expect(refused.stderr).toContain(second.url);
    expect(await counters()).toEqual({...untouched, file: '251138'});
  });
});
