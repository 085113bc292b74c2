import {join} from 'node:path';
import {describe, expect, it, onTestFinished} from 'vitest';
import type {createRequestListener as create} from '../../../src/index.js';
import {resolveConfig} from '../../../src/lib/config/resolve.js';
import {startServer} from '../../helpers/programs/cli.js';
import {ask, askRaw, rangeOf} from '../../helpers/network/http.js';
import {serving} from '../../helpers/network/listening.js';
import {makeWorkspace, root} from '../../helpers/folders/workspace.js';
import {shared} from '../../helpers/run/shared.js';

const getid = '/getid?range=1&mode=file';

async function serve(env = {}, args: string[] = []): Promise<string> {
  const {url} = await startServer(['--sync', ...args], {cwd: makeWorkspace(), env});
  return url.replace('0.0.0.0', '127.0.0.1');
}

/** Returns the status of a request, which must be the same as first and as second request on a connection. */
async function statusOf(url: string, headers: Record<string, string>, path = getid): Promise<number> {
  const {status} = await ask(url, path, {headers});
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const all = headers['host'] === undefined ? ['Host: localhost\r\n', ...lines] : lines;
  const first = 'GET /getid?range=0&mode=file HTTP/1.1\r\nHost: localhost\r\n\r\n';
  const both = await askRaw(url, `${first}GET ${path} HTTP/1.1\r\nConnection: close\r\n${all.join('')}\r\n`);
  const [, second] = [...both.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, code]) => Number(code));
  expect(second).toBe(status);
  return status;
}

/** Counts the requests that were rejected because they came from another site. */
async function rejections(url: string): Promise<number> {
  const {body} = await ask(url, '/metrics');
  return Number(
    /uniqueid_rejected_requests_total\{reason="CROSS_SITE_REJECTED"\} (\d+)/.exec(body)?.[1] ?? 0,
  );
}

describe('a page in a browser', () => {
  const server = shared(() => serve());

  it.each([
    [{'sec-fetch-site': 'cross-site'}],
    [{'sec-fetch-site': 'Cross-Site'}],
    [{origin: 'https://other.example'}],
    [{origin: 'null'}],
    [{origin: 'http://127.0.0.1:1'}],
    [{origin: 'file://'}],
    [{origin: ''}],
    [{'sec-fetch-site': 'same-origin', origin: 'https://other.example'}],
  ])('of another site gets no integer: %j', async (headers) => {
    const url = server();
    const before = await rejections(url);
    const {start} = rangeOf(await ask(url, getid));
    expect(await statusOf(url, headers)).toBe(403);
    expect((await ask(url, getid, {method: 'POST', headers})).status).toBe(403);
    expect((await rejections(url)) - before).toBe(3);
    expect(rangeOf(await ask(url, getid)).start).toBe(start + 1n);
  });

  it.each([
    {},
    {'sec-fetch-site': 'none'},
    {'sec-fetch-site': 'same-origin'},
    {'sec-fetch-site': 'same-site'},
  ])('that the user has opened gets integers: %j', async (headers) => {
    const url = server();
    expect(await statusOf(url, headers)).toBe(200);
    expect(await statusOf(url, {...headers, origin: url, host: new URL(url).host})).toBe(200);
  });

  it('of another site may request /', async () => {
    expect(await statusOf(server(), {'sec-fetch-site': 'cross-site'}, '/')).toBe(200);
  });
});

describe('the Host header', () => {
  const foreign = [
    'evil.example',
    'evil.example:8051',
    'localhost.evil.example',
    'xlocalhost',
    '127.0.0.1.nip.io',
    '[x',
    ':',
  ];
  const known = [
    'localhost',
    'LOCALHOST:80',
    'localhost.',
    'ids.localhost:8051',
    '127.0.0.1',
    '10.0.0.1:80',
    '[::1]:80',
    '',
  ];

  it('of a server on loopback must be an address, localhost or in allowed_hosts', async () => {
    const url = await serve({UNIQUEID_ALLOWED_HOSTS: 'ids.example.org, Other'});
    for (const host of foreign) {
      for (const path of [
        getid,
        '/',
        '/status',
        '/health',
        '/metrics',
        '/openapi.json',
        '/dashboard',
        '/dashboard.json',
        '/nothing',
      ])
        expect(await statusOf(url, {host}, path), host + path).toBe(421);
    }
    for (const host of [...known, 'ids.example.org', 'IDS.example.org.:443', 'other'])
      expect(await statusOf(url, {host}), host).toBe(200);
    const {body} = await ask(url, '/', {headers: {host: 'evil.example'}});
    expect(JSON.parse(body)).toMatchObject({status: '421 Misdirected Request'});
    expect(body).toContain('allowed_hosts');
    expect(await askRaw(url, `GET ${getid} HTTP/1.0\r\n\r\n`)).toContain(' 200 ');
    expect(await statusOf(url, {host: 'other', origin: 'https://ids.example.org'})).toBe(200);
    expect(await statusOf(url, {host: 'other', origin: 'https://evil.example'})).toBe(403);
  }, 60_000);

  it('of a server on another address may be any, unless allowed_hosts is set', async () => {
    const open = await serve({}, ['--address', '0.0.0.0']);
    for (const host of [...foreign.slice(0, 5), ...known])
      expect(await statusOf(open, {host}), host).toBe(200);
    const named = await serve({UNIQUEID_ALLOWED_HOSTS: 'ids.example.org'}, ['--address', '0.0.0.0']);
    expect(await statusOf(named, {host: 'evil.example'})).toBe(421);
    expect(await statusOf(named, {host: 'ids.example.org'})).toBe(200);
  });

  it('of an embedded service may be any, unless allowed_hosts is set', async () => {
    const {createRequestListener} = (await import(join(root, 'dist', 'index.js'))) as {
      createRequestListener: typeof create;
    };
    const at = async (settings: Record<string, string>): Promise<string> => {
      const database = `sqlite:///${join(makeWorkspace(), 'db.sqlite3')}`;
      const listener = await createRequestListener({database, sync: true, settings});
      onTestFinished(() => listener.close());
      return serving(listener);
    };
    const headers = {host: 'evil.example'};
    expect((await ask(await at({}), getid, {headers})).status).toBe(200);
    const named = await at({allowed_hosts: 'ids.example.org'});
    expect((await ask(named, getid, {headers})).status).toBe(421);
    expect((await ask(named, getid, {headers: {host: 'ids.example.org'}})).status).toBe(200);
  });

  it.each(['http://ids.example.org', 'ids.example.org:80', '*', 'a b', '.', 'a..b'])(
    'cannot be allowed as %s',
    (name) => {
      expect(() => resolveConfig({flags: {}, env: {UNIQUEID_ALLOWED_HOSTS: name}})).toThrow(
        expect.objectContaining({
          code: 'CONFIG_INVALID',
          message: expect.stringContaining('UNIQUEID_ALLOWED_HOSTS') as string,
        }),
      );
    },
  );
});
