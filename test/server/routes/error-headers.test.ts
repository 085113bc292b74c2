import {writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {logRecords, startServer, waitFor, type RunningServer} from '../../helpers/programs/cli.js';
import {ask, askRaw} from '../../helpers/network/http.js';
import {makeSqliteDatabase} from '../../helpers/databases/sqlite-database.js';
import {makeWorkspace, root} from '../../helpers/folders/workspace.js';
import {shared} from '../../helpers/run/shared.js';

const tsx = createRequire(import.meta.url).resolve('tsx');
const bare = join(root, 'test/helpers/programs/bare-server.ts');

const successes = [
  '/getid?range=1&mode=file',
  '/',
  '/health',
  '/status',
  '/metrics',
  '/dashboard',
  '/dashboard.json',
];

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const token = 'a-token-of-the-test-that-is-long-enough';
const authorization = `Bearer ${token}`;

/** Returns the values of the headers with this name in a raw answer. */
const valuesOf = (answer: string, name: string): string[] =>
  Array.from(answer.matchAll(new RegExp(`^${name}: (.*)\r$`, 'gim')), ([, value = '']) => value);

/** Both ways to answer: the fast path passes all but the common request to `node:http`. */
describe.each([
  {name: 'serve', program: undefined, node: {}},
  {name: 'node:http alone', program: bare, node: {NODE_OPTIONS: `--import=${tsx}`}},
])('the headers of $name', ({program, node}) => {
  const server = shared(async (): Promise<RunningServer> => {
    const cwd = makeWorkspace();
    writeFileSync(join(cwd, 'tokens'), `[archive]\ntoken = ${token}\n`, {mode: 0o600});
    const env = {
      ...node,
      UNIQUEID_TOKENS_FILE: 'tokens',
      UNIQUEID_ALLOWED_MODES: 'file,full,broken',
      UNIQUEID_HEADER_TIMEOUT: '1',
    };
    const options = {cwd, env, ...(program === undefined ? {} : {program})};
    const started = await startServer(['--sync'], options);
    await makeSqliteDatabase(join(cwd, 'db.sqlite3')).execute(
      `INSERT INTO uniqueindex VALUES ('full', 9223372036854775807), ('broken', 'x')`,
    );
    return started;
  });

  it.each([
    [400, 'INVALID_RANGE', '/getid?range=x&mode=file', {}],
    [400, 'INVALID_MODE', '/getid?range=1&mode=', {}],
    [400, 'INVALID_REQUEST', '/getid?range=1', {}],
    [400, 'INVALID_REQUEST', '/status?limit=x', {}],
    [400, 'INVALID_REQUEST', '/dashboard?sort=x', {}],
    [400, 'INVALID_REQUEST', '/dashboard.json?page=0', {}],
    [403, 'CROSS_SITE_REJECTED', '/dashboard.json', {headers: {'sec-fetch-site': 'cross-site'}}],
    [401, 'UNAUTHORIZED', '/getid?range=1&mode=file', {headers: {authorization: 'Bearer no'}}],
    [403, 'MODE_NOT_ALLOWED', '/getid?range=1&mode=other', {}],
    [403, 'CROSS_SITE_REJECTED', '/getid?range=1&mode=file', {headers: {origin: 'http://other.example'}}],
    [404, 'NOT_FOUND', '/nothing', {}],
    [405, 'METHOD_NOT_ALLOWED', '/getid?range=1&mode=file', {method: 'HEAD'}],
    [409, 'COUNTER_EXHAUSTED', '/getid?range=1&mode=full', {}],
    [421, 'HOST_NOT_ALLOWED', '/getid?range=1&mode=file', {headers: {host: 'other.example'}}],
    [425, 'PREFETCH_REJECTED', '/getid?range=1&mode=file', {headers: {'sec-purpose': 'prefetch'}}],
    [503, 'COUNTER_DAMAGED', '/getid?range=1&mode=broken', {}],
  ])('name status %i as %s and give the request an id', async (status, code, path, options) => {
    const {headers: more, ...others} = {headers: {}, ...options};
    const once = await ask(server().url, path, {...others, headers: {authorization, ...more}});
    expect(once).toMatchObject({status, headers: {'x-error-code': code}});
    expect(once.headers['x-request-id']).toMatch(uuid);
    const again = await ask(server().url, path, {
      ...others,
      headers: {authorization, ...more, 'X-Request-Id': 'job-7.A_1'},
    });
    expect(again).toMatchObject({status, headers: {'x-error-code': code, 'x-request-id': 'job-7.A_1'}});
  });

  it.each([
    ['400', 'INVALID_REQUEST', 'garbage\r\n\r\n'],
    ['400', 'INVALID_REQUEST', 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n'],
    ['408', 'REQUEST_TIMEOUT', 'GET / HTTP/1.1\r\nHost: localhost\r\n'],
    ['431', 'HEADERS_TOO_LARGE', `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`],
  ])('name the status %s of a request that cannot be read as %s', async (status, code, bytes) => {
    const answer = await askRaw(server().url, bytes);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(valuesOf(answer, 'X-Error-Code')).toEqual([code]);
    expect(valuesOf(answer, 'X-Request-Id')).toEqual([expect.stringMatching(uuid)]);
  });

  it('have no code and no new id if the request succeeds', async () => {
    for (const path of successes) {
      const {status, headers} = await ask(server().url, path, {headers: {authorization}});
      expect(status, path).toBe(200);
      expect(Object.keys(headers), path).not.toContain('x-error-code');
      expect(Object.keys(headers), path).not.toContain('x-request-id');
    }
  });

  it('repeat the id of a request that succeeds', async () => {
    const longest = 'x'.repeat(128);
    for (const path of successes) {
      for (const id of ['a', longest]) {
        const {headers} = await ask(server().url, path, {headers: {authorization, 'x-request-id': id}});
        expect(headers['x-request-id'], path).toBe(id);
      }
    }
  });

  it.each(['', 'x'.repeat(129), 'a b', 'a,b', 'a"b', 'é', 'a:b'])(
    'do not repeat the malformed id %j',
    async (id) => {
      const ask1 = (path: string): ReturnType<typeof ask> =>
        ask(server().url, path, {headers: {authorization, 'x-request-id': id}});
      expect((await ask1('/getid?range=1&mode=file')).headers['x-request-id']).toBeUndefined();
      expect((await ask1('/getid?range=x&mode=file')).headers['x-request-id']).toMatch(uuid);
    },
  );

  it('do not repeat one of two ids', async () => {
    const twice = 'X-Request-Id: a\r\nX-Request-Id: b\r\n';
    const answer = await askRaw(
      server().url,
      `GET /getid?range=1&mode=file HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${authorization}\r\n` +
        `${twice}Connection: close\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1.1 200 /);
    expect(valuesOf(answer, 'X-Request-Id')).toEqual([]);
  });
});

it('the error log holds the id of the client', async () => {
  const cwd = makeWorkspace();
  const server = await startServer(['--sync'], {cwd});
  await makeSqliteDatabase(join(cwd, 'db.sqlite3')).execute(`INSERT INTO uniqueindex VALUES ('broken', 'x')`);
  const headers = {'X-Request-Id': 'job-7'};
  expect((await ask(server.url, '/getid?mode=broken&range=1', {headers})).status).toBe(503);
  const record = await waitFor(
    () => logRecords(server.stderr()).find(({requestId}) => requestId === 'job-7'),
    server,
  );
  expect(record).toMatchObject({code: 'COUNTER_DAMAGED'});
});

it('headers of the configuration cannot replace code and id', async () => {
  const env = {
    UNIQUEID_RESPONSE_HEADERS_ON: 'True',
    UNIQUEID_RESPONSE_HEADERS: "[('X-Request-Id', 'x'), ('x-error-code', 'y'), ('X-Other', 'z')]",
  };
  const {url} = await startServer(['--sync'], {cwd: makeWorkspace(), env});
  const {headers} = await ask(url, '/getid?range=x&mode=file');
  expect(headers).toMatchObject({'x-error-code': 'INVALID_RANGE', 'x-other': 'z'});
  expect(headers['x-request-id']).toMatch(uuid);
});
