import {readFileSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:net';
import {once} from 'node:events';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {describe, expect, it} from 'vitest';
import {
  announcesWait,
  cli,
  cliError,
  logRecords,
  recordsOf,
  startCli,
  startServer,
  untilAnnounced,
  waitFor,
  type LogRecord,
} from '../helpers/programs/cli.js';
import {untilQueued} from '../helpers/network/health.js';
import {ask, keepAlive, rangeOf} from '../helpers/network/http.js';
import {flaws, type Given} from '../helpers/ranges.js';
import {lockDatabase, makeSqliteDatabase} from '../helpers/databases/sqlite-database.js';
import {copyFixture, makeWorkspace} from '../helpers/folders/workspace.js';
import {version} from '../../src/lib/util/version.js';

/** The announcements are separate records on stderr and in the file. */
const withoutTime = (record: LogRecord): Record<string, unknown> => ({...record, time: undefined});

describe('the announcement of serve', () => {
  it('names the real address and port, in the only records on stderr', async () => {
    const cwd = makeWorkspace();
    const server = await startServer(['--sync'], {cwd});
    expect(new URL(server.url)).toMatchObject({hostname: '127.0.0.1'});
    expect(
      server
        .stderr()
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toMatchObject([
      {level: 'info', before: 'none', steps: [expect.any(String)]},
      {
        level: 'info',
        url: server.url,
        database: join(cwd, 'db.sqlite3'),
        version,
        msg: expect.stringContaining(`${server.url}/getid`) as string,
      },
    ]);
    expect(server.stdout()).toBe('');
  });

  it('is one JSON line on stdout with --json', async () => {
    const server = startCli(['serve', '--sync', '--json', '-p', '0'], {cwd: makeWorkspace()});
    const line = await waitFor(() => /^.*\n/.exec(server.stdout())?.[0], server);
    const {url} = JSON.parse(line) as {url: string};
    expect((await ask(url, '/getid?range=1&mode=file')).status).toBe(200);
    server.process.kill('SIGTERM');
    expect(await server.finished).toMatchObject({status: 0, stderr: ''});
  });

  it('names an IPv6 address in brackets', async () => {
    const server = await startServer(['--sync', '--address', '::1'], {cwd: makeWorkspace()});
    expect(server.url).toMatch(/^http:\/\/\[::1\]:\d+$/);
    expect((await ask(server.url, '/')).status).toBe(200);
  });
});

describe('databases of the Python service', () => {
  it('with schema 1.0 are served without dbsync, and their counters go on', async () => {
    const cwd = makeWorkspace();
    copyFixture('pacifica-1.0.sqlite3', cwd, 'uniqueiddb.sqlite3');
    const server = await startServer(['--config', copyFixture('ingest-config.ini', cwd)], {cwd});
    expect((await ask(server.url, '/getid?range=10&mode=file')).body).toBe(
      '{"endIndex": 251047, "startIndex": 251038}',
    );
    expect(rangeOf(await ask(server.url, `/getid?range=1&mode=${encodeURIComponent('Файл')}`)).start).toBe(
      4n,
    );
    expect(rangeOf(await ask(server.url, '/getid?range=1&mode=mode+with+space')).start).toBe(6n);
  });

  it('with schema 0.0 are rejected and unchanged until dbsync has upgraded them', async () => {
    const cwd = makeWorkspace();
    const path = copyFixture('pacifica-0.0.sqlite3', cwd, 'db.sqlite3');
    const counters = (): Promise<unknown> => makeSqliteDatabase(path).query('SELECT * FROM uniqueindex');
    const before = await counters();
    expect(await cliError(['serve', '--port', '0'], {cwd})).toMatchObject({
      code: 'SCHEMA_TOO_OLD',
      exit: 3,
      message: expect.stringContaining('0.0') as string,
      hint: expect.stringContaining('"uniqueid dbsync"') as string,
    });
    expect((await cli(['dbsync'], {cwd})).status).toBe(0);
    expect(await counters()).toEqual(before);
    const server = await startServer([], {cwd});
    expect(rangeOf(await ask(server.url, '/getid?range=1&mode=file')).start).toBe(251_038n);
  });
});

describe('serve on an unsuitable database', () => {
  it('does not create a missing one: a script in the wrong folder must fail', async () => {
    const cwd = makeWorkspace();
    const {status, stdout, stderr} = await cli(['serve', '--port', '0'], {cwd});
    expect({status, stdout}).toEqual({status: 3, stdout: ''});
    // One JSON record, because stderr is a log.
    expect(JSON.parse(stderr)).toMatchObject({
      level: 'error',
      code: 'DATABASE_MISSING',
      exit: 3,
      msg: expect.stringContaining(join(cwd, 'db.sqlite3')) as string,
      hint: expect.stringContaining('"uniqueid dbsync"') as string,
    });
    expect(await cliError(['serve', '--port', '0'], {cwd})).toMatchObject({
      code: 'DATABASE_MISSING',
      exit: 3,
    });
    expect(() => readFileSync(join(cwd, 'db.sqlite3'))).toThrow('ENOENT');
  });

  it('rejects a newer major version, as all commands do, and leaves it unchanged', async () => {
    const cwd = makeWorkspace();
    const path = copyFixture('pacifica-1.0.sqlite3', cwd, 'db.sqlite3');
    await makeSqliteDatabase(path).execute(`UPDATE uniqueindexsystem SET value = 2 WHERE part = 'major'`);
    const before = readFileSync(path);
    for (const args of [
      ['serve', '-p', '0'],
      ['serve', '-p', '0', '--sync'],
      ['dbsync'],
      ['getid', '-m', 'file'],
      ['dbsync', '--check'],
    ]) {
      expect(await cliError(args, {cwd}), args.join(' ')).toMatchObject({
        code: 'SCHEMA_TOO_NEW',
        exit: 3,
        message: expect.stringMatching(/\b2\.0\b.*\b1\.0\b/) as string,
      });
    }
    const {status, stdout} = await cli(['status', '--json'], {cwd});
    expect(status).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({
      schema: {version: '2.0', safe: false, problem: {code: 'SCHEMA_TOO_NEW'}},
    });
    const after = readFileSync(path);
    // Opening the file for writing sets WAL mode in its header; the contents are unchanged.
    expect(after.subarray(100)).toEqual(before.subarray(100));
  });
});

describe('serve with a locked database', () => {
  it('announces each attempt, and serves once the lock is released', async () => {
    const cwd = makeWorkspace();
    await cli(['dbsync'], {cwd});
    const release = lockDatabase(join(cwd, 'db.sqlite3'), 'delete');
    const server = startCli(['serve', '--port', '0'], {
      cwd,
      env: {DATABASE_CONNECT_WAIT: '0.1', DATABASE_CONNECT_ATTEMPTS: '100'},
    });
    await waitFor(() => (announcesWait(server.stderr(), 1, 100) ? true : undefined), server);
    expect(server.stderr()).toMatch(/\b0\.1 s\b/);
    release();
    await untilAnnounced(server);
  });

  it('ends with exit status 4 after the last attempt', async () => {
    const cwd = makeWorkspace();
    await cli(['dbsync'], {cwd});
    lockDatabase(join(cwd, 'db.sqlite3'), 'delete');
    const {status, stdout, stderr} = await cli(['serve', '--port', '0', '--json'], {
      cwd,
      env: {DATABASE_CONNECT_WAIT: '0', DATABASE_CONNECT_ATTEMPTS: '2'},
    });
    expect(status).toBe(4);
    expect(announcesWait(stderr, 1, 2)).toBe(true);
    expect(JSON.parse(stdout)).toMatchObject({error: {code: 'DATABASE_BUSY'}});
  });
});

describe('serve on an unavailable address', () => {
  it('names the port in use and the command that finds its owner', async () => {
    const cwd = makeWorkspace();
    await cli(['dbsync'], {cwd});
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const {port} = other.address() as {port: number};
    const error = await cliError(['serve', '--port', String(port)], {cwd});
    other.close();
    expect(error).toMatchObject({
      code: 'ADDRESS_UNAVAILABLE',
      exit: 1,
      message: expect.stringContaining(`127.0.0.1:${port}`) as string,
      hint: expect.stringContaining(`lsof -i :${port}`) as string,
    });
  });

  it('names an address that this machine does not have', async () => {
    const cwd = makeWorkspace();
    await cli(['dbsync'], {cwd});
    expect(await cliError(['serve', '--port', '0', '--address', '203.0.113.1'], {cwd})).toMatchObject({
      code: 'ADDRESS_UNAVAILABLE',
      exit: 1,
      message: expect.stringContaining('203.0.113.1') as string,
      hint: expect.not.stringContaining('lsof') as string,
    });
  });
});

describe('the logs of serve', () => {
  it('are written to the files that the CherryPy file names', async () => {
    const cwd = makeWorkspace();
    const conf = copyFixture('ingest-server.conf', cwd);
    const server = await startServer(['--sync', '--cpconfig', conf, '--address', '127.0.0.1'], {cwd});
    await ask(server.url, '/getid?range=10&mode=file', {
      headers: {'User-Agent': 'a "b"', Referer: 'http://x/'},
    });
    await ask(server.url, '/nothing');
    server.process.kill('SIGTERM');
    const {status, stderr} = await server.finished;
    expect(status).toBe(0);
    const [first, second] = readFileSync(join(cwd, 'access.log'), 'utf8').split('\n');
    expect(first).toMatch(
      /^127\.0\.0\.1 - - \[\d\d\/\w{3}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "GET \/getid\?range=10&mode=file HTTP\/1\.1" 200 32 "http:\/\/x\/" "a \\"b\\""$/,
    );
    expect(second).toMatch(/"GET \/nothing HTTP\/1\.1" 404 \d+ "" ""$/);
    const records = logRecords(readFileSync(join(cwd, 'error.log'), 'utf8'));
    // A setting without effect; then the announcement, and the start and end of the shutdown.
    expect(records).toMatchObject([
      {level: 'warn', msg: expect.stringContaining('request.dispatch') as string},
      {level: 'info', url: server.url},
      {level: 'info'},
      {level: 'info'},
    ]);
    const shown = stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as LogRecord);
    expect(shown.filter(({method}) => method !== undefined)).toMatchObject([
      {level: 'info', method: 'GET', url: '/getid?range=10&mode=file', status: 200, client: '127.0.0.1'},
      {level: 'info', method: 'GET', url: '/nothing', status: 404, durationMs: expect.any(Number) as number},
    ]);
    const others = shown.filter(({steps, method}) => steps === undefined && method === undefined);
    expect(others.map(withoutTime), 'each record once on stderr').toEqual(records.map(withoutTime));
  });

  it('are opened before it listens: a file that cannot be written ends it', async () => {
    const cwd = makeWorkspace();
    const path = 'no/such/folder/access.log';
    const env = {UNIQUEID_ACCESS_FILE: path};
    const {code, exit, message} = await cliError(['serve', '--sync', '--port', '0'], {cwd, env});
    expect({code, exit}).toEqual({code: 'CONFIG_INVALID', exit: 2});
    for (const part of ['log.access_file', path, 'ENOENT']) expect(message).toContain(part);
  });

  it('hold at most one record per second for requests that fail alike, and no SQL', async () => {
    const cwd = makeWorkspace();
    const server = await startServer(['--sync'], {cwd, env: {UNIQUEID_REQUEST_TIMEOUT: '0.3'}});
    const release = lockDatabase(join(cwd, 'db.sqlite3'));
    const start = performance.now();
    const answers = await Promise.all(
      Array.from({length: 20}, () => ask(server.url, '/getid?range=1&mode=file')),
    );
    const seconds = Math.floor((performance.now() - start) / 1000);
    release();
    for (const {status, headers, body} of answers) {
      expect(status).toBe(503);
      expect(headers['retry-after']).toBe('1');
      expect(JSON.parse(body)).toMatchObject({status: '503 Service Unavailable', traceback: ''});
      expect(body).not.toMatch(/INSERT|SELECT|SqliteError| at /);
    }
    expect((await ask(server.url, '/getid?range=1&mode=file')).status).toBe(200);
    const codes = await waitFor(() => {
      const records = recordsOf(server.stderr(), 'error');
      return records.length > 0 ? records.map(({code}) => code) : undefined;
    }, server);
    // A request may time out before its first attempt has failed.
    for (const code of new Set(codes)) {
      expect(['DATABASE_BUSY', 'DATABASE_UNAVAILABLE']).toContain(code);
      expect(codes.filter((each) => each === code).length).toBeLessThanOrEqual(1 + seconds);
    }
    expect(server.stderr()).not.toMatch(/INSERT|SELECT|SqliteError/);
  });
});

describe('configured response headers', () => {
  it('are added, but cannot replace Cache-Control and Content-Type', async () => {
    const cwd = makeWorkspace();
    const conf = join(cwd, 'server.conf');
    const headers = `[('X-Site', 'archive'), ('cache-control', 'max-age=60'), ('Content-Type', 'text/html')]`;
    writeFileSync(conf, `[/]\ntools.response_headers.on: True\ntools.response_headers.headers: ${headers}\n`);
    const server = await startServer(['--sync', '--cpconfig', conf], {cwd});
    for (const path of ['/', '/getid?range=1&mode=file', '/nothing']) {
      expect((await ask(server.url, path)).headers, path).toMatchObject({
        'x-site': 'archive',
        'cache-control': 'no-store',
        'content-type': 'application/json',
      });
    }
    expect(recordsOf(server.stderr(), 'warn')).toMatchObject([
      {msg: expect.stringContaining('cache-control') as string},
      {msg: expect.stringContaining('Content-Type') as string},
    ]);
  });
});

describe.each(['SIGTERM', 'SIGINT'] as const)('%s to serve', (signal) => {
  it('ends it with status 0 if it is idle', async () => {
    const server = await startServer(['--sync'], {cwd: makeWorkspace()});
    server.process.kill(signal);
    expect(await server.finished).toMatchObject({status: 0, signal: null});
  });

  it('leaves no accepted request unanswered under load', async () => {
    const cwd = makeWorkspace();
    const server = await startServer(['--sync'], {cwd});
    const agent = keepAlive(16);
    const given: Given[] = [];
    const lost: string[] = [];
    let isClosed = false;
    const clients = Array.from({length: 16}, async () => {
      while (!isClosed) {
        try {
          given.push(rangeOf(await ask(server.url, '/getid?range=3&mode=file', {agent})));
        } catch (error) {
          isClosed = true;
          // A rejected connection carried no request; any other error is a request without an answer.
          const {code} = error as NodeJS.ErrnoException;
          if (code !== 'ECONNREFUSED') lost.push(String(error));
        }
      }
    });
    while (given.length <= 100 && lost.length === 0) await sleep(5);
    server.process.kill(signal);
    await Promise.all(clients);
    agent.destroy();
    expect(await server.finished).toMatchObject({status: 0});
    expect(lost).toEqual([]);
    expect(given.length).toBeGreaterThan(100);
    // Each answer arrived, so there is no gap either.
    expect(flaws(given)).toMatchObject({overlaps: [], gaps: []});
    const after = await startServer([], {cwd});
    expect(rangeOf(await ask(after.url, '/getid?range=1&mode=file')).start).toBe(flaws(given).next);
  });
});

it('serve waits at shutdown for an unavailable database until a second signal', async () => {
  const cwd = makeWorkspace();
  const server = await startServer(['--sync'], {cwd});
  const release = lockDatabase(join(cwd, 'db.sqlite3'));
  const waiting = ask(server.url, '/getid?range=1&mode=file').catch((error: unknown) => error);
  await untilQueued(server.url, 1);
  server.process.kill('SIGTERM');
  await sleep(500);
  expect(server.process.exitCode).toBeNull();
  server.process.kill('SIGTERM');
  expect(await server.finished).toMatchObject({status: 143});
  expect(await waiting).toBeInstanceOf(Error);
  release();
});

it('serve cuts requests that are unanswered after shutdown_timeout, and names the setting', async () => {
  const cwd = makeWorkspace();
  const server = await startServer(['--sync'], {cwd, env: {UNIQUEID_SHUTDOWN_TIMEOUT: '0.5'}});
  const release = lockDatabase(join(cwd, 'db.sqlite3'));
  const waiting = ask(server.url, '/getid?range=1&mode=file').catch((error: unknown) => error);
  await untilQueued(server.url, 1);
  server.process.kill('SIGTERM');
  expect(await waiting).toBeInstanceOf(Error);
  release();
  const {status, stderr} = await server.finished;
  expect(status).toBe(1);
  expect(stderr).toContain('shutdown_timeout');
});
