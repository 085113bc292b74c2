import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {describe, expect, it} from 'vitest';
import {cli, cliError, startCli, startServer, waitFor, type Finished} from '../../helpers/programs/cli.js';
import {failureOf, screens} from '../../helpers/programs/screens.js';
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

/** Returns the moves in the record of a reset, by mode. */
function movesOf({stdout}: Finished): Record<string, unknown> {
  const {moves} = JSON.parse(stdout) as {moves: readonly {mode: string}[]};
  return Object.fromEntries(moves.map((move) => [move.mode, move]));
}

const untouched = {file: '251038', upload_job: '3', 'mode with space': '6', Файл: '4'};

describe('reset', () => {
  it('is rejected without a terminal and without --yes, and changes nothing', async () => {
    const {cwd, counters} = archive();
    for (const args of [
      ['-m', 'file', '--to', '0'],
      ['-m', 'file', '--to', '300000'],
      ['--all', '--to', '0'],
    ]) {
      expect((await cli(['reset', ...args], {cwd})).status, args.join(' ')).toBe(6);
      const rejected = await cli(['reset', ...args, '--json'], {cwd});
      expect(rejected.status, args.join(' ')).toBe(6);
      expect(failureOf(rejected)).toMatchObject({
        code: 'REJECTED',
        hint: expect.stringContaining('--yes') as string,
      });
    }
    expect(await counters()).toEqual(untouched);
  });

  it('waits for a database that another program has locked', async () => {
    const {cwd, counters} = archive();
    const release = lockDatabase(join(cwd, 'db.sqlite3'));
    const reset = startCli(['reset', '-m', 'file', '--to', '300000', '--yes'], {cwd});
    await waitFor(() => screens.row('file', '251,038', '300,000').exec(reset.stdout())?.[0], reset);
    // Far longer than SQLite itself waits for a lock.
    await sleep(1000);
    release();
    expect(await reset.finished).toMatchObject({status: 0, stderr: ''});
    expect(await counters()).toEqual({...untouched, file: '300000'});
  });

  it('shows the moves with --dry-run, and changes nothing', async () => {
    const {cwd, counters} = archive();
    const args = ['reset', '-m', 'file', '-m', 'upload_job', '--to', '1000', '--dry-run'];
    const dry = await cli(args, {cwd});
    expect(dry).toMatchObject({status: 0, stderr: ''});
    const [headings = '', first, second, ...rest] = dry.stdout.split('\n');
    expect(headings.split(/ {2,}/)).toHaveLength(4);
    expect(first).toMatch(screens.row('file', '251,038', '1,000', '250,038'));
    expect(second).toMatch(screens.row('upload_job', '3', '1,000', '0'));
    // The consequences in words, worst first, and the summary.
    const texts = [/\bfile\b.*\b250,038\b/, /\bupload_job\b.*\b997\b/, /^$/, /\b2\b/, /^$/];
    expect(rest).toEqual(['', ...texts.map((text) => expect.stringMatching(text) as string)]);
    expect(JSON.parse((await cli([...args, '--json'], {cwd})).stdout)).toMatchObject({
      dryRun: true,
      moves: [
        {mode: 'file', from: 251_038, to: 1000, reissued: 250_038, backward: true},
        {mode: 'upload_job', from: 3, to: 1000, reissued: 0, backward: false},
      ],
    });
    expect(await counters()).toEqual(untouched);
  });

  it('moves with --yes the modes that are named, and no other', async () => {
    const {cwd, counters} = archive();
    expect((await cli(['reset', '-m', 'file', '--to', '300000', '--yes'], {cwd})).status).toBe(0);
    const back = ['reset', '-m', 'Файл', '--to', '0', '--yes', '--allow-duplicates'];
    expect((await cli(back, {cwd})).status).toBe(0);
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
  ])('requires a target: %j is a usage error and changes nothing', async (args) => {
    const {cwd, counters} = archive();
    const rejected = await cli(['reset', ...args], {cwd, env: {UNIQUEID_FIRST_INDEX: '1'}});
    expect(rejected.status).toBe(2);
    for (const flag of ['--to', '--at-least', '--by'])
      expect(rejected.stdout + rejected.stderr).toContain(flag);
    expect(await counters()).toEqual(untouched);
  });

  it.each([
    [['-m', 'file', '--to', '0'], '251,038'],
    [['-m', 'upload_job', '-m', 'file', '--to', '10'], '251,028'],
    [['--all', '--to', '0'], '251,051'],
  ])(
    'rejects %j with --yes alone, says how many integers come twice, and changes nothing',
    async (args, count) => {
      const {cwd, counters} = archive();
      const rejected = await cliError(['reset', ...args, '--yes'], {cwd});
      expect(rejected).toMatchObject({code: 'REJECTED', exit: 6});
      expect(rejected.message).toContain(count);
      expect(rejected.hint).toContain('--allow-duplicates');
      expect((await cli(['reset', ...args, '--yes'], {cwd})).status).toBe(6);
      expect(await counters()).toEqual(untouched);
      const both = [...args, '--yes', '--allow-duplicates'];
      expect(await cli(['reset', ...both, '--dry-run'], {cwd})).toMatchObject({status: 0});
      expect(await counters()).toEqual(untouched);
      expect(await cli(['reset', ...both], {cwd})).toMatchObject({status: 0});
    },
  );

  it('raises with --at-least, lowers nothing, and reports counters at or above N as unchanged', async () => {
    const {cwd, counters} = archive();
    const raised = await cli(['reset', '--all', '--at-least', '4', '--yes', '--json'], {cwd});
    expect(raised).toMatchObject({status: 0, stderr: ''});
    expect(movesOf(raised)).toMatchObject({
      file: {from: 251_038, to: 251_038, reissued: 0, backward: false, changed: false},
      upload_job: {from: 3, to: 4, reissued: 0, backward: false, changed: true},
      'mode with space': {from: 6, to: 6, changed: false},
      Файл: {from: 4, to: 4, changed: false},
    });
    expect(await counters()).toEqual({...untouched, upload_job: '4'});
    const same = await cli(['reset', '-m', 'file', '--at-least', '5'], {cwd});
    expect(same).toMatchObject({status: 0, stderr: ''});
    expect(same.stdout).toMatch(screens.row('file', '251,038', '251,038', '0'));
  });

  it('moves forward with --by, or changes nothing if one counter would pass the end', async () => {
    const {cwd, counters} = archive();
    const args = ['reset', '-m', 'file', '-m', 'upload_job', '--yes', '--by'];
    const moved = await cli([...args, '1000', '--json'], {cwd});
    expect(movesOf(moved)).toMatchObject({
      file: {from: 251_038, to: 252_038, backward: false, changed: true},
      upload_job: {from: 3, to: 1003, backward: false, changed: true},
    });
    const after = {...untouched, file: '252038', upload_job: '1003'};
    expect(await counters()).toEqual(after);
    // Fits upload_job, but not file.
    const distance = String(2n ** 63n - 1n - 252_037n);
    for (const further of [[], ['--dry-run']]) {
      const failed = await cliError([...args, distance, ...further], {cwd});
      expect(failed).toMatchObject({code: 'COUNTER_EXHAUSTED', exit: 5});
      expect(failed.message).toContain('"file"');
      expect(failed.hint).toContain(String(2n ** 63n - 1n - 252_038n));
    }
    expect(await counters()).toEqual(after);
    expect(
      (await cli(['reset', '-m', 'file', '--yes', '--by', String(2n ** 63n - 1n - 252_038n)], {cwd})).status,
    ).toBe(0);
    expect((await counters())['file']).toBe('9223372036854775807');
  });

  it('shows the worst first, in the table and in words', async () => {
    const {cwd} = archive();
    const database = makeSqliteDatabase(join(cwd, 'db.sqlite3'));
    await database.execute(
      `INSERT INTO uniqueindex VALUES ('worst', 4000005), ('broken', 1e30), ('forward', 1), ('same', 5),
        ('b1', 11), ('b2', 12), ('b3', 13), ('b4', 14)`,
    );
    const {stdout} = await cli(['reset', '--all', '--to', '5', '--dry-run'], {cwd});
    const lines = stdout.split('\n');
    const end = lines.indexOf('');
    expect(lines.slice(1, end).map((line) => line.split(/ {2,}/)[0])).toEqual([
      'broken',
      'worst',
      'file',
      'b4',
      'b3',
      'b2',
      'b1',
      'mode with space',
      'forward',
      'upload_job',
      'Файл',
      'same',
    ]);
    const words = lines.slice(end + 1, lines.indexOf('', end + 1));
    for (const [index, text] of [
      /\bbroken\b/,
      /\bworst\b.*\b4,000,000\b/,
      /\bfile\b.*\b251,033\b/,
      /\bb4\b.*\b9\b/,
      /\bb3\b.*\b8\b/,
      // All others together: 7 + 6 + 1 integers of 3 modes.
      /\b3\b.*\b14\b/,
      // Forward: 3 modes.
      /\b3\b.*\b7\b/,
      /\bsame\b.*\b5\b/,
    ].entries())
      expect(words[index]).toMatch(text);
    expect(words).toHaveLength(8);
  });

  it('moves every mode with --all', async () => {
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
    [[], 'USAGE', '', '--mode'],
    [['-m', 'file', '--all'], 'USAGE', '--all', ''],
    [['-m', 'flie', '--to', '5'], 'UNKNOWN_MODE', '"flie"', '"file"'],
    [['-m', 'nothing-like-it', '--to', '5'], 'UNKNOWN_MODE', '"nothing-like-it"', 'uniqueid status'],
    [['-m', 'file', '--to=-1'], 'USAGE', '--to', '9223372036854775807'],
    [['-m', 'file', '--to', '9223372036854775808'], 'USAGE', '--to', '9223372036854775807'],
    [['-m', 'file', '--by', '0'], 'USAGE', '--by', '9223372036854775807'],
    [['-m', 'file', '--at-least', '1e3'], 'USAGE', '--at-least', '1e3'],
    [['-m', 'file', '--to', '5', '--at-least', '5'], 'USAGE', '--to', '--at-least'],
    [['-m', 'file', '--by', '5', '--at-least', '5'], 'USAGE', '--by', '--at-least'],
    [['-m', 'file', '--to', '5', '--to', '6'], 'USAGE', '--to', ''],
    [['-m', 'file', '--to', '5', '--allow-duplicates'], 'USAGE', '--allow-duplicates', '--yes'],
    [['-m', 'file', '--by', '5', '--yes', '--allow-duplicates'], 'USAGE', '--allow-duplicates', '--by'],
    [['-m', 'file', '-m', 'flie', '--to', '5', '--yes'], 'UNKNOWN_MODE', '"flie"', '"file"'],
    [
      ['-m', 'file', '--to', '5', '--database', 'sqlite:///none.sqlite3'],
      'DATABASE_MISSING',
      'none.sqlite3',
      '',
    ],
  ])('fails for %j with code %s, names %j, and offers %j', async (args, code, named, offered) => {
    const {cwd, counters} = archive();
    const status = code === 'DATABASE_MISSING' ? 3 : 2;
    expect(await cli(['reset', ...args], {cwd})).toMatchObject({status, stdout: ''});
    const failure = failureOf(await cli(['reset', ...args, '--json'], {cwd}));
    expect(failure).toMatchObject({code, exit: status});
    expect(failure.message).toContain(named);
    expect(`${failure.message} ${failure.hint}`).toContain(offered);
    expect(await counters()).toEqual(untouched);
  });

  it('repairs a damaged counter', async () => {
    const cwd = makeWorkspace();
    await cli(['dbsync'], {cwd});
    const database = makeSqliteDatabase(join(cwd, 'db.sqlite3'));
    await database.execute(`INSERT INTO uniqueindex VALUES ('file', 1e30)`);
    const damaged = failureOf(await cli(['getid', '-m', 'file', '--json'], {cwd}));
    expect(damaged).toMatchObject({code: 'COUNTER_DAMAGED', exit: 1});
    // The hint shows the command that repairs it.
    expect(damaged.hint).toContain('uniqueid reset --mode');
    // The move may go back.
    const args = ['reset', '-m', 'file', '--at-least', '500', '--yes'];
    expect((await cli(args, {cwd})).status).toBe(6);
    expect(await cliError(['reset', '-m', 'file', '--by', '5', '--yes'], {cwd})).toMatchObject({
      code: 'COUNTER_DAMAGED',
      exit: 1,
    });
    expect((await cli([...args, '--allow-duplicates'], {cwd})).status).toBe(0);
    expect((await cli(['getid', '-m', 'file', '--format', 'plain'], {cwd})).stdout).toBe('500 500\n');
  });
});

describe('reset --server', () => {
  it('is rejected if a running service has issued a higher integer', async () => {
    const cwd = makeWorkspace();
    const {url} = await startServer(['--sync'], {cwd});
    await cli(['getid', '-m', 'file', '-r', '100', '--server', url], {cwd});
    const args = ['reset', '-m', 'file', '--to', '99', '--yes', '--server', url];
    const rejected = await cli([...args, '--json'], {cwd});
    expect(rejected.status).toBe(6);
    const {code, message, hint} = failureOf(rejected);
    expect(code).toBe('REJECTED');
    for (const part of [url, '"file"', '99']) expect(message).toContain(part);
    expect(hint).toMatch(/\b100\b/);
    const allowed = await cli(['reset', '-m', 'file', '--to', '120', '--yes', '--server', url], {cwd});
    expect(allowed.status).toBe(0);
    expect((await cli(['getid', '-m', 'file', '--format', 'plain', '--server', url], {cwd})).stdout).toBe(
      '120 120\n',
    );
  });

  /**
   * Starts a service that answers as a real one does, with the status that `distort` makes of the real one.
   */
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
    ['the text is no JSON', 7, () => '<html>'],
    ['the whole document is null', 7, () => 'null'],
    ['the end is missing', 7, (status) => JSON.stringify(status).slice(0, -9)],
  ])('moves nothing if the service answers a status in which %s', async (_, status, distort) => {
    const {cwd, counters} = archive();
    const {url} = await startServer([], {cwd});
    const server = await distorting(url, distort);
    const args = ['reset', '-m', 'file', '--to', '300000', '--yes', '--server'];
    expect(await cli([...args, server, '--json'], {cwd})).toMatchObject({status});
    expect(await counters()).toEqual(untouched);
    // The undistorted status passes.
    expect((await cli([...args, await distorting(url, (same) => same)], {cwd})).status).toBe(0);
  });

  it('moves nothing if the service uses another database', async () => {
    const {cwd, counters} = archive();
    const {url} = await startServer([], {cwd: archive().cwd});
    const rejected = await cli(['reset', '-m', 'file', '--to', '300000', '--yes', '--server', url], {cwd});
    expect(rejected.status).toBe(6);
    expect(rejected.stderr).toContain(url);
    expect(await counters()).toEqual(untouched);
  });

  it('checks every service that is named', async () => {
    const {cwd, counters} = archive();
    const env = {UNIQUEID_GUARD_FILE: 'none'};
    const [first, second] = [await startServer([], {cwd, env}), await startServer([], {cwd, env})];
    await cli(['getid', '-m', 'file', '-r', '100', '--server', second.url], {cwd});
    const servers = ['--server', first.url, '--server', second.url];
    const rejected = await cli(['reset', '-m', 'file', '--to', '251100', '--yes', ...servers], {cwd});
    expect(rejected.status).toBe(6);
    expect(rejected.stderr).toContain(second.url);
    expect(await counters()).toEqual({...untouched, file: '251138'});
  });
});
