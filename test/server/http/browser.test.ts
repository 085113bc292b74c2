import {join} from 'node:path';
import {beforeEach, describe, expect, it, onTestFinished} from 'vitest';
import type {createRequestListener as create} from '../../../src/index.js';
import {startServer} from '../../helpers/programs/cli.js';
import {ask, askRaw} from '../../helpers/network/http.js';
import {serving} from '../../helpers/network/listening.js';
import {makeWorkspace, root} from '../../helpers/folders/workspace.js';

const getid = '/getid?range=1&mode=file';

async function serve(env = {}, args: string[] = []): Promise<string> {
  const {url} = await startServer(['--sync', ...args], {cwd: makeWorkspace(), env});
  return url.replace('0.0.0.0', '127.0.0.1');
}

/** The status of a request for a range with these headers, as the first on its connection and after another. */
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

describe('a page in a browser', () => {
  let url: string;

  beforeEach(async () => {
    url = await serve();
  });

  it.each([
    [{'sec-fetch-site': 'cross-site'}],
    [{'sec-fetch-site': 'Cross-Site'}],
    [{origin: 'https://other.example'}],
    [{origin: 'null'}],
    [{origin: 'http://127.0.0.1:1'}],
    [{origin: 'file://'}],
    [{origin: ''}],
    [{'sec-fetch-site': 'same-origin', origin: 'https://other.example'}],
  ])('of another site takes no integer: %j', async (headers) => {
    expect(await statusOf(url, headers)).toBe(403);
    expect((await ask(url, getid, {method: 'POST', headers})).status).toBe(403);
    const {body} = await ask(url, '/metrics');
    expect(body).toMatch(/uniqueid_refused_requests_total\{reason="CROSS_SITE_REJECTED"\} 3/);
    expect((await ask(url, getid)).body).toBe('{"endIndex": 0, "startIndex": 0}');
  });

  it.each([
    {},
    {'sec-fetch-site': 'none'},
    {'sec-fetch-site': 'same-origin'},
    {'sec-fetch-site': 'same-site'},
  ])('that the user has opened takes integers: %j', async (headers) => {
    expect(await statusOf(url, headers)).toBe(200);
    expect(await statusOf(url, {...headers, origin: url, host: new URL(url).host})).toBe(200);
  });

  it('of another site may look whether the service is alive', async () => {
    expect(await statusOf(url, {'sec-fetch-site': 'cross-site'}, '/')).toBe(200);
  });
});

describe('a Host header', () => {
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

  it('with a loopback address must be an address, localhost or configured', async () => {
    const url = await serve({UNIQUEID_ALLOWED_HOSTS: 'ids.example.org, Other'});
    for (const host of foreign) {
      for (const path of [getid, '/', '/status', '/health', '/metrics', '/openapi.json', '/nothing'])
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

  it('with another address may be any, unless names are configured', async () => {
    const open = await serve({}, ['--address', '0.0.0.0']);
    for (const host of [...foreign.slice(0, 5), ...known])
      expect(await statusOf(open, {host}), host).toBe(200);
    const named = await serve({UNIQUEID_ALLOWED_HOSTS: 'ids.example.org'}, ['--address', '0.0.0.0']);
    expect(await statusOf(named, {host: 'evil.example'})).toBe(421);
    expect(await statusOf(named, {host: 'ids.example.org'})).toBe(200);
  });

  it('in another server may be any, unless names are configured', async () => {
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
    'is not configured as %s',
    async (name) => {
      await expect(serve({UNIQUEID_ALLOWED_HOSTS: name})).rejects.toThrow('UNIQUEID_ALLOWED_HOSTS');
    },
  );
});
