import {readFileSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:net';
import {once} from 'node:events';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {describe, expect, it} from 'vitest';
import {cli, startCli, startServer, waitFor} from '../helpers/programs/cli.js';
import {untilQueued} from '../helpers/network/health.js';
import {ask, keepAlive, rangeOf} from '../helpers/network/http.js';
import {flaws, type Given} from '../helpers/ranges.js';
import {lockDatabase, makeSqliteDatabase} from '../helpers/databases/sqlite-database.js';
import {copyFixture, makeWorkspace} from '../helpers/folders/workspace.js';

describe('the ready line', () => {
  it('names the real address and port, and is all there is on stderr', async () => {
    const server = await startServer(['--sync'], {cwd: makeWorkspace()});
    expect(new URL(server.url)).toMatchObject({hostname: '127.0.0.1'});
    const [synced, started, ...rest] = server.stderr().trimEnd().split('\n');
    expect(JSON.parse(synced ?? '')).toMatchObject({
      level: 30,
      before: 'none',
      steps: ['create the tables'],
    });
    expect(JSON.parse(started ?? '')).toMatchObject({
      level: 30,
      url: server.url,
      database: 'db.sqlite3',
      msg: expect.stringMatching(/^UniqueID \S+ answers at \S+\/getid, from db\.sqlite3\.$/) as string,
    });
    expect(rest).toEqual([]);
    expect(server.stdout()).toBe('');
  });

  it('is a JSON line on stdout with --json', async () => {
    const server = startCli(['serve', '--sync', '--json', '-p', '0'], {cwd: makeWorkspace()});
    const line = await waitFor(() => /^.*\n/.exec(server.stdout())?.[0], server);
    const {url} = JSON.parse(line) as {url: string};
    expect((await ask(url, '/getid?range=1&mode=file')).status).toBe(200);
    server.process.kill('SIGTERM');
    expect(await server.finished).toMatchObject({status: 0, stderr: ''});
  });

  it('listens on IPv6 when asked to', async () => {
    const server = await startServer(['--sync', '--address', '::1'], {cwd: makeWorkspace()});
    expect(server.url).toMatch(/^http:\/\/\[::1\]:\d+$/);
    expect((await ask(server.url, '/')).status).toBe(200);
  });
});

describe('databases of the Python service', () => {
  it('1.0 is served at once, and goes on where it stood', async () => {
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

  it('0.0 is refused with exit status 3 and left alone, until dbsync has upgraded it', async () => {
    const cwd = makeWorkspace();
    const path = copyFixture('pacifica-0.0.sqlite3', cwd, 'db.sqlite3');
    const counters = (): Promise<unknown> => makeSqliteDatabase(path).query('SELECT * FROM uniqueindex');
    const before = await counters();
    const refused = await cli(['serve', '--port', '0'], {cwd});
    expect(refused).toMatchObject({status: 3, stdout: ''});
    expect(refused.stderr).toMatch(
      /has schema version 0\.0, older than 1\.0\.\nTry: {3}Run "uniqueid dbsync"/,
    );
    expect((await cli(['dbsync'], {cwd})).status).toBe(0);
    expect(await counters()).toEqual(before);
    const server = await startServer([], {cwd});
    expect(rangeOf(await ask(server.url, '/getid?range=1&mode=file')).start).toBe(251_038n);
  });
});

describe('a database that cannot be served from', () => {
  it('is not created: a script in the wrong folder must fail', async () => {
    const cwd = makeWorkspace();
    const refused = await cli(['serve', '--port', '0'], {cwd});
    expect(refused).toMatchObject({status: 3, stdout: ''});
    expect(refused.stderr).toBe(
      'Error: There is no database db.sqlite3.\nTry:   Run "uniqueid dbsync" to create it, or check the working folder and peewee_url.\n',
    );
    expect(() => readFileSync(join(cwd, 'db.sqlite3'))).toThrow('ENOENT');
  });

  it('of a newer major version is refused and untouched', async () => {
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
      const refused = await cli(args, {cwd});
      expect(refused, args.join(' ')).toMatchObject({status: 3, stdout: ''});
      expect(refused.stderr).toContain('has schema version 2.0, newer than 1.0');
    }
    const status = await cli(['status'], {cwd});
    expect(status).toMatchObject({status: 3});
    expect(status.stdout).toContain('not safe to serve');
    const after = readFileSync(path);
    // Opening a file to write turns its header to WAL; what it holds is as it was.
    expect(after.subarray(100)).toEqual(before.subarray(100));
  });
});

describe('waiting for a database', () => {
  it('shows its progress, and serves when the database is there', async () => {
    const cwd = makeWorkspace();
    await cli(['dbsync'], {cwd});
    const release = lockDatabase(join(cwd, 'db.sqlite3'), 'delete');
    const server = startCli(['serve', '--port', '0'], {
      cwd,
      env: {DATABASE_CONNECT_WAIT: '0.1', DATABASE_CONNECT_ATTEMPTS: '100'},
    });
    await waitFor(
      () => (server.stderr().includes('Attempt 1 of 100; the next one is in 0.1 s.') ? true : undefined),
      server,
    );
    release();
    await waitFor(() => (server.stderr().includes('answers at') ? true : undefined), server);
  });

  it('ends with exit status 4 when it never is', async () => {
    const cwd = makeWorkspace();
    await cli(['dbsync'], {cwd});
    lockDatabase(join(cwd, 'db.sqlite3'), 'delete');
    const refused = await cli(['serve', '--port', '0'], {
      cwd,
      env: {DATABASE_CONNECT_WAIT: '0', DATABASE_CONNECT_ATTEMPTS: '2'},
    });
    expect(refused.status).toBe(4);
    expect(refused.stderr).toMatch(
      /Attempt 1 of 2.*\nError: The database db\.sqlite3 is locked by another process\.\nTry: /,
    );
  });
});

describe('an address that cannot be listened on', () => {
  it('names who to ask and what to do', async () => {
    const cwd = makeWorkspace();
    await cli(['dbsync'], {cwd});
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const {port} = other.address() as {port: number};
    const refused = await cli(['serve', '--port', String(port)], {cwd});
    other.close();
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain(`Another program listens on 127.0.0.1:${port}.`);
    expect(refused.stderr).toContain(`lsof -i :${port}`);
  });

  it('is told when it is not of this machine', async () => {
    const cwd = makeWorkspace();
    await cli(['dbsync'], {cwd});
    const refused = await cli(['serve', '--port', '0', '--address', '203.0.113.1'], {cwd});
    expect(refused).toMatchObject({status: 1});
    expect(refused.stderr).toContain('This machine has no address 203.0.113.1.');
  });
});

describe('logs', () => {
  it("are kept as CherryPy's file says, and end up on disk", async () => {
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
    expect(stderr).toContain(first);
    for (const line of ['answers at', 'Stopping', 'Stopped.'])
      expect(stderr.split(line), `${line}: once on stderr`).toHaveLength(2);
    const [remark, ...life] = readFileSync(join(cwd, 'error.log'), 'utf8').trimEnd().split('\n');
    expect(JSON.parse(remark ?? '')).toMatchObject({
      level: 40,
      msg: expect.stringContaining('request.dispatch in [/] has no effect here.') as string,
    });
    const said = life.map((line) => (JSON.parse(line) as {msg: string}).msg);
    expect(said).toEqual([
      expect.stringContaining('answers at'),
      'Stopping: what has been accepted is still answered.',
      'Stopped.',
    ]);
  });

  it('that cannot be written are told of before anything is served', async () => {
    const cwd = makeWorkspace();
    const refused = await cli(['serve', '--sync', '--port', '0'], {
      cwd,
      env: {UNIQUEID_ACCESS_FILE: 'no/such/folder/access.log'},
    });
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain('log.access_file no/such/folder/access.log cannot be written (ENOENT).');
  });

  it('tell of a failing database, without a password or SQL, and not once a request', async () => {
    const cwd = makeWorkspace();
    const server = await startServer(['--sync'], {cwd, env: {UNIQUEID_REQUEST_TIMEOUT: '0.3'}});
    const release = lockDatabase(join(cwd, 'db.sqlite3'));
    const startedAt = performance.now();
    const answers = await Promise.all(
      Array.from({length: 20}, () => ask(server.url, '/getid?range=1&mode=file')),
    );
    release();
    for (const {status, headers, body} of answers) {
      expect(status).toBe(503);
      expect(headers['retry-after']).toBe('1');
      expect(JSON.parse(body)).toMatchObject({status: '503 Service Unavailable', traceback: ''});
      expect(body).not.toMatch(/INSERT|SELECT|SqliteError| at /);
    }
    expect(rangeOf(await ask(server.url, '/getid?range=1&mode=file')).start).toBe(0n);
    const records = server
      .stderr()
      .split('\n')
      .filter((line) => line.includes('DATABASE_BUSY'));
    // One record per code and second.
    expect(records.length).toBeGreaterThan(0);
    expect(records.length).toBeLessThanOrEqual(1 + Math.floor((performance.now() - startedAt) / 1000));
  });
});

describe('configured response headers', () => {
  it('are added, but cannot weaken what keeps caches away', async () => {
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
    expect(server.stderr()).toMatch(/cache-control.*has no effect/i);
  });
});

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
  it('ends an idle server with status 0', async () => {
    const server = await startServer(['--sync'], {cwd: makeWorkspace()});
    server.process.kill(signal);
    expect(await server.finished).toMatchObject({status: 0, signal: null});
  });

  it('under load answers every request it has accepted', async () => {
    const cwd = makeWorkspace();
    const server = await startServer(['--sync'], {cwd});
    const agent = keepAlive(16);
    const given: Given[] = [];
    const lost: string[] = [];
    let refused = false;
    const clients = Array.from({length: 16}, async () => {
      while (!refused) {
        try {
          given.push(rangeOf(await ask(server.url, '/getid?range=3&mode=file', {agent})));
        } catch (error) {
          refused = true;
          // A connection that is not accepted any more is no request; anything else was one, and got no answer.
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

it('waits at its end for a database that is away, and a second signal ends it at once', async () => {
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

it('cuts what is not answered within shutdown_timeout, and says so', async () => {
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
  expect(stderr).toContain('not answered within shutdown_timeout');
});
