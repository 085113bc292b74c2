import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {cli, startServer} from '../../helpers/programs/cli.js';
import {failureLines, failureOf} from '../../helpers/programs/screens.js';
import {makeSqliteDatabase} from '../../helpers/databases/sqlite-database.js';
import {serving} from '../../helpers/network/listening.js';
import {copyFixture, makeWorkspace, root} from '../../helpers/folders/workspace.js';

/** Makes a folder with an empty database. */
async function ready(): Promise<string> {
  const cwd = makeWorkspace();
  expect((await cli(['dbsync'], {cwd})).status).toBe(0);
  return cwd;
}

describe('getid', () => {
  it('prints the JSON of the REST answer on one line, and nothing else', async () => {
    const cwd = await ready();
    const expected = (start: number, end: number): object => ({
      status: 0,
      stdout: `{"endIndex": ${end}, "startIndex": ${start}}\n`,
      stderr: '',
    });
    expect(await cli(['getid', '--mode', 'file', '--range', '10'], {cwd})).toMatchObject(expected(0, 9));
    expect(await cli(['getid', '-m', 'file', '-r', '5', '--json'], {cwd})).toMatchObject(expected(10, 14));
    expect(await cli(['getid', '-m', 'file'], {cwd})).toMatchObject(expected(15, 15));
    expect(await cli(['getid', '-m', 'file', '-r', '0'], {cwd})).toMatchObject(expected(-1, -2));
  });

  it('prints plain text and lists', async () => {
    const cwd = await ready();
    expect((await cli(['getid', '-m', 'file', '-r', '10', '--format', 'plain'], {cwd})).stdout).toBe('0 9\n');
    expect((await cli(['getid', '-m', 'file', '-r', '3', '--format', 'list'], {cwd})).stdout).toBe(
      '10\n11\n12\n',
    );
    expect((await cli(['getid', '-m', 'file', '-r', '0', '--format', 'list'], {cwd})).stdout).toBe('');
    const many = (await cli(['getid', '-m', 'file', '-r', '100000', '--format', 'list'], {cwd})).stdout.split(
      '\n',
    );
    expect(many).toHaveLength(100_001);
    expect(many.slice(0, 100_000).every((line, index) => line === String(13 + index))).toBe(true);
  });

  it('ends with status 0 and without a message when the reader of its list closes the pipe', async () => {
    const cwd = await ready();
    const child = spawn(
      process.execPath,
      [join(root, 'bin', 'run.js'), 'getid', '-m', 'file', '-r', '1000000000', '--format', 'list'],
      {
        cwd,
        env: {PATH: process.env['PATH'], HOME: cwd},
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.stdout.once('data', () => child.stdout.destroy());
    const [status] = (await once(child, 'close')) as [number | null];
    expect({status, stderr}).toEqual({status: 0, stderr: ''});
  });

  it('continues the counter of a database of the Python service', async () => {
    const cwd = makeWorkspace();
    copyFixture('pacifica-1.0.sqlite3', cwd, 'db.sqlite3');
    const config = copyFixture('service-config.ini', cwd);
    const taken = await cli(['getid', '-m', 'file', '-r', '10', '-c', config], {cwd});
    expect(taken.stdout).toBe('{"endIndex": 251047, "startIndex": 251038}\n');
  });

  it('reads the config file of the home folder, unless a variable or a flag has the value', async () => {
    const cwd = makeWorkspace();
    const {execFileSync} = await import('node:child_process');
    execFileSync(
      process.execPath,
      [
        '-e',
        `fs.mkdirSync('.pacifica-uniqueid'); fs.writeFileSync('.pacifica-uniqueid/config.ini', '[database]\\npeewee_url: sqlite:///home.sqlite3')`,
      ],
      {cwd},
    );
    const sync = async (args: readonly string[], env: Readonly<Record<string, string>>): Promise<unknown> =>
      JSON.parse((await cli(['dbsync', '--json', ...args], {cwd, env})).stdout);
    const synced = (file: string): object => ({database: join(cwd, file), before: 'none', after: '1.0'});
    expect(await sync([], {})).toMatchObject(synced('home.sqlite3'));
    const env = {PEEWEE_URL: 'sqlite:///env.sqlite3'};
    expect(await sync([], env)).toMatchObject(synced('env.sqlite3'));
    const flag = ['--database', 'sqlite:///flag.sqlite3'];
    expect(await sync(flag, env)).toMatchObject(synced('flag.sqlite3'));
  });
});

describe('getid --existing', () => {
  it.each(['the database', 'a service'])(
    'allocates from a mode that %s has, by both parsers, and creates no other',
    async (place) => {
      const cwd = makeWorkspace();
      copyFixture('pacifica-1.0.sqlite3', cwd, 'db.sqlite3');
      const server = place === 'a service' ? ['--server', (await startServer([], {cwd})).url] : [];
      expect((await cli(['getid', '-m', 'file', '--existing', ...server], {cwd})).stdout).toContain('251038');
      expect((await cli(['getid', '-m=file', '--existing', ...server], {cwd})).stdout).toContain('251039');
      const modes = async (): Promise<unknown> => {
        const {stdout} = await cli(['status', '--json'], {cwd});
        return (JSON.parse(stdout) as {modes: unknown}).modes;
      };
      const before = await modes();
      for (const args of [['-m', 'fiel'], ['-m=fiel'], ['-m', 'fiel', '-r', '0'], ['-m', 'nothing alike']]) {
        const failed = await cli(['getid', '--existing', ...args, ...server, '--json'], {cwd});
        expect(failed.status, args.join(' ')).toBe(6);
        const {code, message, hint} = failureOf(failed);
        expect(code).toBe('MODE_NOT_ALLOWED');
        expect(message.includes('service at')).toBe(place === 'a service');
        expect(hint?.includes('"file"')).toBe(args.join('').includes('fiel'));
      }
      expect(await modes()).toEqual(before);
    },
  );
});

it('getid --existing does not take a mode from the high-water marks that the database lacks', async () => {
  const cwd = await ready();
  expect((await cli(['getid', '-m', 'file'], {cwd})).status).toBe(0);
  await makeSqliteDatabase(join(cwd, 'db.sqlite3')).execute('DELETE FROM uniqueindex');
  const failed = await cli(['getid', '-m', 'file', '--existing', '--json'], {cwd});
  expect(failed.status).toBe(6);
  expect(failureOf(failed).code).toBe('MODE_NOT_ALLOWED');
  expect((await cli(['getid', '-m', 'file'], {cwd})).stdout).toContain('"startIndex": 1');
});

describe('getid with arguments', () => {
  it.each([
    [['file', '10'], 'uniqueid getid --mode file --range 10'],
    [['10', 'file'], 'uniqueid getid --mode file --range 10'],
    [['file'], 'uniqueid getid --mode file'],
    [["it's", '10'], String.raw`uniqueid getid --mode 'it'\''s' --range 10`],
    [['-m', 'file', '10'], 'uniqueid getid --mode file --range 10'],
    [['file', 'other'], 'uniqueid getid --help'],
    [['10', '20'], 'uniqueid getid --help'],
  ])('suggests for %j: %s', async (args, suggestion) => {
    const failed = await cli(['getid', ...args, '--json'], {cwd: makeWorkspace()});
    expect(failed.status).toBe(2);
    expect(failureOf(failed).hint).toContain(suggestion);
  });
});

describe('a failed getid', () => {
  it.each([[[]], [['--json']]])(
    'prints the error and the hint without a stack trace, and ends with the documented exit status (%j)',
    async (json: string[]) => {
      const cwd = await ready();
      const database = makeSqliteDatabase(join(cwd, 'db.sqlite3'));
      await database.execute(`INSERT INTO uniqueindex VALUES ('full', 9223372036854775807)`);
      const cases: readonly (readonly [string[], number, string])[] = [
        [[], 2, 'USAGE'],
        [['-m', 'file', '--nonsense'], 2, 'USAGE'],
        [['-m', 'file', 'extra'], 2, 'USAGE'],
        [['-m', 'file', '--format', 'xml'], 2, 'USAGE'],
        [['-m', ''], 2, 'INVALID_MODE'],
        [['-m', 'a\nb'], 2, 'INVALID_MODE'],
        [['-m', 'file', '-r', '1e3'], 2, 'INVALID_RANGE'],
        [['-m', 'file', '--range=-1'], 2, 'INVALID_RANGE'],
        [['-m', 'file', '-r', '2000000000'], 2, 'INVALID_RANGE'],
        [['-m', 'file', '--config', 'none.ini'], 2, 'CONFIG_INVALID'],
        [['-m', 'file', '--database', 'oracle://h/d'], 2, 'CONFIG_INVALID'],
        [['-m', 'file', '--database', 'sqlite:///none.sqlite3'], 3, 'DATABASE_MISSING'],
        [['-m', 'file', '--database', `sqlite:///${join(root, 'package.json')}`], 4, 'DATABASE_DAMAGED'],
        [['-m', 'file', '--database', `sqlite:///${cwd}`], 4, 'DATABASE_UNAVAILABLE'],
        [['-m', 'full'], 5, 'COUNTER_EXHAUSTED'],
        [['-m', 'file', '--server', 'http://127.0.0.1:1'], 7, 'REMOTE_FAILED'],
        [['-m', 'file', '--server', 'nonsense'], 2, 'CONFIG_INVALID'],
      ];
      for (const [args, exit, code] of cases) {
        const {status, stdout, stderr} = await cli(['getid', ...args, ...json], {cwd});
        const what = args.join(' ');
        expect(status, what).toBe(exit);
        if (json.length > 0) {
          expect(stderr, what).toBe('');
          expect(JSON.parse(stdout), what).toMatchObject({
            error: {code, exit, message: expect.any(String) as string},
          });
        } else {
          expect(stdout, what).toBe('');
          expect(stderr, what).toMatch(failureLines);
        }
        expect(stdout + stderr, what).not.toMatch(/\n\s+at |node_modules|SELECT|INSERT|\u001B/);
      }
    },
  );
});

describe('getid --server', () => {
  it('takes integers from a running service', async () => {
    const cwd = makeWorkspace();
    const {url} = await startServer(['--sync'], {cwd});
    const elsewhere = makeWorkspace();
    expect(
      await cli(['getid', '-m', 'Файл & +', '-r', '10', '--server', url], {cwd: elsewhere}),
    ).toMatchObject({
      status: 0,
      stdout: '{"endIndex": 9, "startIndex": 0}\n',
      stderr: '',
    });
    expect(
      (await cli(['getid', '-m', 'Файл & +', '--server', `${url}/`, '--format', 'plain'], {cwd: elsewhere}))
        .stdout,
    ).toBe('10 10\n');
  });

  it('shows the status and the message of a service that rejects the request, with exit status 7', async () => {
    const message = 'Marked by the test.';
    const url = await serving((_, response) => response.writeHead(400).end(JSON.stringify({message})));
    const args = ['getid', '-m', 'file', '-r', '10', '--server', url];
    const rejected = await cli(args, {cwd: makeWorkspace()});
    expect(rejected).toMatchObject({status: 7, stdout: ''});
    expect(rejected.stderr).toMatch(new RegExp(`\\b400\\b.*${message}`));
    expect(failureOf(await cli([...args, '--json'], {cwd: makeWorkspace()})).code).toBe('REMOTE_FAILED');
  });

  it('cannot take more than max_range of the service', async () => {
    const env = {UNIQUEID_MAX_RANGE: '5'};
    const {url} = await startServer(['--sync'], {cwd: makeWorkspace(), env});
    const take = (range: string): ReturnType<typeof cli> =>
      cli(['getid', '-m', 'file', '-r', range, '--server', url], {cwd: makeWorkspace()});
    expect((await take('6')).status).toBe(2);
    expect((await take('5')).status).toBe(0);
  });

  it.each(['<html>', '{"endIndex": 9}', '{"endIndex": 1e3, "startIndex": 0}'])(
    'rejects the answer %s of a service, which is no range',
    async (body) => {
      const url = await serving((_, response) => response.end(body));
      const rejected = await cli(['getid', '-m', 'file', '--server', url], {cwd: makeWorkspace()});
      expect(rejected).toMatchObject({status: 7, stdout: ''});
    },
  );

  it('rejects an answer with a range of another size', async () => {
    const url = await serving((_, response) => response.end('{"endIndex": 9, "startIndex": 0}'));
    const rejected = await cli(['getid', '-m', 'file', '-r', '3', '--server', url], {cwd: makeWorkspace()});
    expect(rejected).toMatchObject({status: 7, stdout: ''});
  });

  /** Starts a service that gives these answers in turn; `asked` records the requests. */
  async function scripted(
    ...answers: readonly {status: number; body: string; headers?: Record<string, string>}[]
  ): Promise<{url: string; asked: {method: string; authorization: string}[]}> {
    const asked: {method: string; authorization: string}[] = [];
    const url = await serving((request, response) => {
      const {status = 500, body = '', headers = {}} = answers[asked.length] ?? answers.at(-1) ?? {};
      asked.push({method: request.method ?? '', authorization: request.headers.authorization ?? ''});
      response.writeHead(status, headers).end(body);
    });
    return {url, asked};
  }
  const given = {status: 200, body: '{"endIndex": 9, "startIndex": 9}'};
  const busy = {status: 503, body: '{"message": "too busy"}', headers: {'Retry-After': '0'}};

  it('retries while the service is busy, at most --retries times', async () => {
    const cwd = makeWorkspace();
    const once = await scripted(busy, busy, given);
    expect(await cli(['getid', '-m', 'x', '--server', once.url], {cwd})).toMatchObject({
      status: 0,
      stdout: '{"endIndex": 9, "startIndex": 9}\n',
      stderr: '',
    });
    expect(once.asked).toHaveLength(3);
    const always = await scripted(busy);
    const failed = await cli(['getid', '-m', 'x', '--server', always.url, '--retries', '2'], {cwd});
    expect(failed.status).toBe(7);
    expect(failed.stderr).toMatch(/\b503\b.*too busy/);
    expect(always.asked).toHaveLength(3);
  });

  it('does not retry after an answer that a retry cannot change', async () => {
    const {url, asked} = await scripted({status: 400, body: '{"message": "no"}'});
    expect((await cli(['getid', '-m', 'x', '--server', url], {cwd: makeWorkspace()})).status).toBe(7);
    expect(asked).toHaveLength(1);
  });

  it('sends a token from the environment or the flag', async () => {
    const {url, asked} = await scripted(given);
    const cwd = makeWorkspace();
    await cli(['getid', '-m', 'x', '--server', url], {cwd, env: {UNIQUEID_TOKEN: 'secret'}});
    await cli(['getid', '-m', 'x', '--server', url, '--token', 'flag'], {
      cwd,
      env: {UNIQUEID_TOKEN: 'secret'},
    });
    await cli(['getid', '-m', 'x', '--server', url], {cwd});
    expect(asked.map(({authorization}) => authorization)).toEqual(['Bearer secret', 'Bearer flag', '']);
  });

  it('gives up when all attempts together exceed --timeout', async () => {
    const url = await serving(() => undefined);
    const late = await cli(['getid', '-m', 'x', '--server', url, '--timeout', '0.3'], {cwd: makeWorkspace()});
    expect(late.status).toBe(7);
    expect(late.stderr).toMatch(/\b0\.3 s\b/);
  });
});
