import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {copyFixture, makeWorkspace} from '../../helpers/folders/workspace.js';
import {ask} from '../../helpers/network/http.js';
import {cli, logRecords, startServer, waitFor} from '../../helpers/programs/cli.js';
import {announcedUrl, screens} from '../../helpers/programs/screens.js';
import {openTerminal} from '../../helpers/programs/terminal.js';

function makeArchive(): string {
  const cwd = makeWorkspace();
  copyFixture('pacifica-1.0.sqlite3', cwd, 'db.sqlite3');
  return cwd;
}

describe('serve on a terminal', () => {
  it('shows one line per request with --log-requests, cut at the width of the screen', async () => {
    const terminal = await openTerminal(['serve', '--port', '0', '--log-requests'], {cwd: makeArchive()});
    const url = announcedUrl(await terminal.shows(screens.serving)) ?? '';
    await ask(url, '/getid?mode=file&range=10');
    await ask(url, '/nothing?%9b');
    await ask(url, `/${'long'.repeat(100)}`);
    const screen = await terminal.shows(/^404 .* GET \/long/m);
    expect(screen).toMatch(/^200 +\d+\.\d ms {2}127\.0\.0\.1 +GET \/getid\?mode=file&range=10$/m);
    expect(screen).toMatch(/^404 +\d+\.\d ms {2}127\.0\.0\.1 +GET \/nothing\?%9b$/m);
    for (const row of await terminal.rows()) expect(row.length).toBeLessThanOrEqual(80);
    expect((await terminal.rows()).filter((row) => /^404 .*GET \/long.*…$/.test(row))).toHaveLength(1);
    expect(await terminal.escapes()).toContain('\x1b[32m');
  });

  it('fits each request into a row of 40 columns', async () => {
    const env = {UNIQUEID_LOG_SCREEN: 'true'};
    const terminal = await openTerminal(['serve', '--port', '0'], {cwd: makeArchive(), columns: 40, env});
    const url = announcedUrl((await terminal.shows(screens.serving)).replaceAll(/\n +/g, '')) ?? '';
    await ask(url, '/getid?mode=file&range=10');
    await ask(url, '/');
    await terminal.shows(/^200 +\d+\.\d ms {2}GET \/$/m);
    expect((await terminal.rows()).filter((row) => /^200 .*GET \/getid\?m\S+…$/.test(row))).toHaveLength(1);
  });

  it('prints nothing twice if the error log has a file and the screen', async () => {
    const cwd = makeArchive();
    const env = {UNIQUEID_LOG_SCREEN: 'true', UNIQUEID_ERROR_FILE: 'error.log'};
    const terminal = await openTerminal(['serve', '--port', '0'], {cwd, env});
    await terminal.shows(screens.serving);
    await terminal.press('C-c');
    expect(await terminal.ended()).toBe(0);
    const screen = await terminal.shows(/\[exit/);
    expect(screen.match(/\/getid$/gm)).toHaveLength(1);
    expect(screen).not.toContain('"level"');
    expect(logRecords(readFileSync(join(cwd, 'error.log'), 'utf8'))).toHaveLength(3);
  });
});

describe('serve without a terminal', () => {
  it('writes only JSON: the start, notices of waits, requests and the end', async () => {
    const server = await startServer(['--sync', '--log-requests'], {cwd: makeWorkspace()});
    await ask(server.url, '/getid?mode=file&range=10');
    await ask(server.url, '/getid?mode=file&range=1', {headers: {'X-Request-Id': 'job-7'}});
    await ask(server.url, '/nothing', {headers: {'X-Request-Id': 'job-8'}});
    const ids: unknown[] = [];
    for (const path of ['/nothing', '/getid?mode=file&range=x'])
      ids.push((await ask(server.url, path)).headers['x-request-id']);
    server.process.kill('SIGTERM');
    const {stderr} = await server.finished;
    const lines = stderr.trimEnd().split('\n');
    expect(logRecords(stderr)).toHaveLength(lines.length);
    expect(logRecords(stderr).filter(({method}) => method !== undefined)).toMatchObject([
      {level: 'info', status: 200, bytes: 32, durationMs: expect.any(Number) as number},
      {level: 'info', status: 200, requestId: 'job-7'},
      {level: 'info', status: 404, requestId: 'job-8'},
      {level: 'info', status: 404, requestId: ids[0]},
      {level: 'info', status: 400, requestId: ids[1]},
    ]);
    expect(ids).toEqual([expect.any(String), expect.any(String)]);
  });

  it.each([
    ['a missing database', [], {}, 'DATABASE_MISSING', 3],
    ['an unknown flag', ['--nope'], {}, 'USAGE', 2],
    ['an argument', ['nope'], {}, 'USAGE', 2],
    ['an invalid setting', [], {UNIQUEID_LOG_LEVEL: 'loud'}, 'CONFIG_INVALID', 2],
  ])('reports %s as its last record', async (_, args, env, code, exit) => {
    const cwd = makeWorkspace();
    const {status, stdout, stderr} = await cli(['serve', ...args], {cwd, env});
    expect({status, stdout}).toEqual({status: exit, stdout: ''});
    expect(JSON.parse(stderr)).toMatchObject({
      level: 'error',
      code,
      exit,
      msg: expect.any(String) as string,
      hint: expect.any(String) as string,
    });
    expect(existsSync(join(cwd, 'db.sqlite3'))).toBe(false);
  });

  it('logs each wait for the database as a record', async () => {
    const env = {
      PEEWEE_URL: 'postgresql://127.0.0.1:1/a',
      DATABASE_CONNECT_ATTEMPTS: '2',
      DATABASE_CONNECT_WAIT: '0',
    };
    const {status, stderr} = await cli(['serve'], {cwd: makeWorkspace(), env});
    expect(status).toBe(4);
    expect(stderr.trimEnd().split('\n')).toHaveLength(2);
    expect(logRecords(stderr)).toMatchObject([{level: 'warn'}, {code: 'DATABASE_UNAVAILABLE'}]);
  });
});

describe('log_level', () => {
  it('debug adds rejected requests, and warn leaves out the start', async () => {
    const loud = await startServer(['--sync'], {cwd: makeWorkspace(), env: {UNIQUEID_LOG_LEVEL: 'debug'}});
    await ask(loud.url, '/nothing');
    const record = await waitFor(() => logRecords(loud.stderr()).find(({level}) => level === 'debug'), loud);
    expect(record).toMatchObject({method: 'GET', url: '/nothing', status: 404});
    const cwd = makeArchive();
    const quiet = {UNIQUEID_LOG_LEVEL: 'WARN', UNIQUEID_SHUTDOWN_TIMEOUT: '0'};
    const error = await cli(['serve', '--port', '0', '--address', '203.0.113.1'], {cwd, env: quiet});
    expect(logRecords(error.stderr).map(({level}) => level)).toEqual(['error']);
  });
});
