import {once} from 'node:events';
import {createServer as createHttpServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import postgres from 'postgres';
import {describe, expect, it, onTestFinished} from 'vitest';
import {cli, startServer} from '../helpers/programs/cli.js';
import {makePostgresDatabase} from '../helpers/databases/postgres-database.js';
import {ask} from '../helpers/network/http.js';
import {serving, silentPort} from '../helpers/network/listening.js';
import {makeWorkspace} from '../helpers/folders/workspace.js';
import {needs} from '../helpers/run/needs.js';

/** Without a time limit each of these commands waits longer than a test may take. */
const patient = {DATABASE_CONNECT_WAIT: '600', DATABASE_CONNECT_ATTEMPTS: '10'};

const commands: readonly (readonly [readonly string[], Readonly<Record<string, string>>])[] = [
  [['getid', '-m', 'file', '--timeout', '1'], patient],
  [['getid', '-m', 'file', '--format=list', '--timeout', '1', '--json'], patient],
  [['status'], {...patient, UNIQUEID_REQUEST_TIMEOUT: '1'}],
  [['status', '--json'], {...patient, UNIQUEID_REQUEST_TIMEOUT: '1'}],
];

describe.each(commands)('%j ends at its time limit', (args, env) => {
  async function expectUnavailable(url: string): Promise<void> {
    const {status, stdout, stderr} = await cli(args, {cwd: makeWorkspace(), env: {...env, PEEWEE_URL: url}});
    const printed = stdout + stderr;
    expect(status, printed).toBe(4);
    expect(printed).toMatch(/\b1 s\b/);
    expect(printed).not.toMatch(/secret|^ {4}at /m);
    if (args.includes('--json'))
      expect(JSON.parse(stdout)).toMatchObject({error: {code: 'DATABASE_UNAVAILABLE', exit: 4}});
  }

  it.each(['postgresql', 'mysql'])('if nothing listens on the port (%s)', async (scheme) => {
    await expectUnavailable(`${scheme}://u:secret@127.0.0.1:1/x`);
  });

  it.each(['postgresql', 'mysql'])('if the handshake is never answered (%s)', async (scheme) => {
    await expectUnavailable(`${scheme}://u:secret@127.0.0.1:${await silentPort()}/x?connect_timeout=600`);
  });

  needs('postgresql').it('if the first query is never answered', async () => {
    const database = await makePostgresDatabase();
    const cwd = makeWorkspace();
    expect((await cli(['dbsync'], {cwd, env: {PEEWEE_URL: database.url}})).status).toBe(0);
    const holder = postgres(database.url, {max: 1, onnotice: () => undefined});
    onTestFinished(() => holder.end({timeout: 0}));
    await holder.unsafe('BEGIN; LOCK TABLE uniqueindexsystem IN ACCESS EXCLUSIVE MODE');
    await expectUnavailable(database.url);
  });
});

describe('a service that answers too slowly', () => {
  /** Starts a service that sends headers and then single bytes without end. */
  async function tricklingUrl(): Promise<string> {
    const server = createHttpServer((_, response) => {
      response.write('{');
      const timer = setInterval(() => response.write(' '), 50);
      response.on('close', () => {
        clearInterval(timer);
      });
    }).listen(0, '127.0.0.1');
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  it.each([
    [['getid', '-m', 'file', '--timeout', '1', '--server']],
    [['status', '--server']],
    [['reset', '-m', 'file', '--to', '5', '--yes', '--server']],
  ])('ends %j at its time limit', async (args) => {
    const cwd = makeWorkspace();
    await cli(['dbsync'], {cwd});
    await cli(['getid', '-m', 'file'], {cwd});
    const late = await cli([...args, await tricklingUrl()], {cwd, env: {UNIQUEID_REQUEST_TIMEOUT: '1'}});
    expect(late.status).toBe(7);
    expect(late.stderr).toMatch(/\b1 s\b/);
  });

  it.each([
    [['status', '-m', 'a', '-m', 'b', '--server']],
    [['getid', '-m', 'a', '--existing', '--timeout', '1', '--server']],
  ])('bounds all requests of %j together', async (args) => {
    const cwd = makeWorkspace();
    const service = await startServer(['--sync'], {cwd});
    await ask(service.url, '/getid?mode=a&range=1');
    const {body} = await ask(service.url, '/status?mode=a');
    const url = await serving((_, response) => {
      setTimeout(() => response.end(body), 700);
    });
    const late = await cli([...args, url], {cwd, env: {UNIQUEID_REQUEST_TIMEOUT: '1'}});
    expect(late.status, late.stderr).toBe(7);
    expect(late.stderr).toMatch(/\b1 s\b/);
  });

  it.each([
    [['status', '-m', 'x', '--server'], 2],
    [['getid', '-m', 'x', '--existing', '--timeout', '1', '--server'], 6],
  ])('does not hide from %j that a mode is unknown', async (args, expected) => {
    const cwd = makeWorkspace();
    const service = await startServer(['--sync'], {cwd});
    const {body} = await ask(service.url, '/status?mode=x');
    let requests = 0;
    const url = await serving((_, response) => {
      // The list of all modes, which a hint would take, never comes.
      if (++requests === 1) response.end(body);
    });
    const failed = await cli([...args, url], {cwd, env: {UNIQUEID_REQUEST_TIMEOUT: '1'}});
    expect(failed.status, failed.stderr).toBe(expected);
  });
});

it.each(['postgresql', 'mysql'])('completion does not wait for a silent database (%s)', async (scheme) => {
  const env = {PEEWEE_URL: `${scheme}://u:p@127.0.0.1:${await silentPort()}/x?connect_timeout=600`};
  const offered = await cli(['complete', '--', 'getid', '--mode', ''], {cwd: makeWorkspace(), env});
  expect(offered).toMatchObject({status: 0, stdout: '', stderr: ''});
});
