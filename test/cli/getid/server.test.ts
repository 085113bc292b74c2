import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import Database from 'better-sqlite3';
import {describe, expect, it, onTestFinished} from 'vitest';
import {cli, cliError, startServer, type RunningServer} from '../../helpers/programs/cli.js';
import {makeSqliteDatabase} from '../../helpers/databases/sqlite-database.js';
import {makeWorkspace} from '../../helpers/folders/workspace.js';
import {shared} from '../../helpers/run/shared.js';

/** Ports that `fetch` blocks, and most machines leave free. */
const BLOCKED_PORTS = ['6000', '6566', '6665', '6666', '6667', '6668', '6669', '6697', '10080'];

/** Starts a service on the first blocked port that is free. */
async function startOnBlockedPort(cwd: string, env: Record<string, string>): Promise<RunningServer> {
  for (const port of BLOCKED_PORTS) {
    try {
      return await startServer(['--sync', '--port', port], {cwd, env});
    } catch {
      // Another program uses it.
    }
  }
  throw new Error('no blocked port is free');
}

describe('a service by UNIQUEID_SERVER', () => {
  const server = shared(async () => {
    const cwd = makeWorkspace();
    const started = await startOnBlockedPort(cwd, {
      UNIQUEID_ALLOWED_MODES: 'file,full',
      UNIQUEID_MAX_RANGE: '50',
    });
    await makeSqliteDatabase(join(cwd, 'db.sqlite3')).execute(
      `INSERT INTO uniqueindex VALUES ('full', 9223372036854775807)`,
    );
    return {...started, host: new URL(started.url).host};
  });

  /** A folder with a database of its own, whose counter begins at 1000. */
  const local = shared(async () => {
    const cwd = makeWorkspace();
    const env = {UNIQUEID_FIRST_INDEX: '1000'};
    expect((await cli(['dbsync'], {cwd})).status).toBe(0);
    return {cwd, env};
  });

  /** Takes one integer in the folder, and returns true if it is from the folder's own database. */
  async function isLocal(args: readonly string[], env: Record<string, string> = {}): Promise<boolean> {
    const {cwd, env: own} = local();
    const options = {cwd, env: {...own, ...env}};
    const {status, stdout, stderr} = await cli(
      ['getid', '-m', 'file', '--format', 'plain', ...args],
      options,
    );
    expect(status, stderr).toBe(0);
    return Number(stdout.split(' ')[0]) >= 1000;
  }

  it('is asked by getid, unless a flag says otherwise', async () => {
    const env = {UNIQUEID_SERVER: server().host};
    expect(await isLocal([], env)).toBe(false);
    // oclif parses this spelling.
    expect(await isLocal(['-r1'], env)).toBe(false);
    expect(await isLocal(['--local'], env)).toBe(true);
    expect(await isLocal(['-r1', '--local'], env)).toBe(true);
    expect(await isLocal(['--database', 'sqlite:///db.sqlite3'], env)).toBe(true);
    expect(await isLocal(['--server', `${server().url}/getid`], {UNIQUEID_SERVER: '127.0.0.1:1'})).toBe(
      false,
    );
    expect(await isLocal(['--retries', '1', '--token', 'x'], env)).toBe(false);
    expect(await isLocal([])).toBe(true);
  });

  it('may be in the config file, and is then shown by its line', async () => {
    const {cwd} = local();
    writeFileSync(join(cwd, 'with.ini'), `[uniqueid]\nserver = ${server().url}\n`);
    expect(await isLocal(['-c', 'with.ini'])).toBe(false);
    expect(await isLocal(['-c', 'with.ini', '--local'])).toBe(true);
    const sources = async (env: Record<string, string>): Promise<unknown> => {
      const {stdout} = await cli(['status', '--config-sources', '--json', '-c', 'with.ini'], {cwd, env});
      const {settings} = JSON.parse(stdout) as {settings: {setting: string}[]};
      return settings.find(({setting}) => setting === 'server');
    };
    expect(await sources({})).toEqual({setting: 'server', value: server().url, source: 'with.ini:2'});
    const env = {UNIQUEID_SERVER: 'a:1'};
    expect(await sources(env)).toMatchObject({value: 'a:1', source: 'environment UNIQUEID_SERVER'});
  });

  it('is asked by status, but not by reset', async () => {
    const {cwd} = local();
    const env = {UNIQUEID_SERVER: server().host};
    const service = async (args: readonly string[]): Promise<unknown> =>
      (JSON.parse((await cli(['status', '--json', ...args], {cwd, env})).stdout) as {service?: unknown})
        .service;
    expect(await service([])).toMatchObject({url: server().url});
    expect(await service(['--local'])).toBeUndefined();
    const reset = ['reset', '-m', 'file', '--to', '5000', '--yes'];
    expect(await cli(reset, {cwd, env: {UNIQUEID_SERVER: '127.0.0.1:1'}})).toMatchObject({status: 0});
  });

  it('is rejected without its password, and ignored if it belongs to Kubernetes', async () => {
    const {cwd, env} = local();
    const error = await cliError(['getid', '-m', 'file'], {
      cwd,
      env: {UNIQUEID_SERVER: 'http://me:secret@h'},
    });
    expect(error).toMatchObject({code: 'CONFIG_INVALID', exit: 2});
    expect(JSON.stringify(error)).not.toContain('secret');
    const service = {
      UNIQUEID_SERVER_SERVICE_HOST: '10.0.0.11',
      UNIQUEID_SERVER_SERVICE_PORT: '8051',
      UNIQUEID_SERVER_PORT: 'tcp://10.0.0.11:8051',
      UNIQUEID_SERVER_PORT_8051_TCP: 'tcp://10.0.0.11:8051',
      UNIQUEID_PORT: 'tcp://10.0.0.11:8051',
    };
    expect(await isLocal([], {...env, ...service})).toBe(true);
  });

  it.each([
    [['--server', 'h:1', '--local'], 'USAGE'],
    [['--retries', '1'], 'USAGE'],
    [['--token', 'x', '--local'], 'USAGE'],
    [['--server', 'h'], 'CONFIG_INVALID'],
  ])('and a flag that contradicts it: %j', async (args, code) => {
    const error = await cliError(['getid', '-m', 'file', ...args], {cwd: local().cwd});
    expect(error).toMatchObject({code, exit: 2});
  });

  it.each([
    [['-m', 'full'], 'COUNTER_EXHAUSTED', 5],
    [['-m', 'other'], 'MODE_NOT_ALLOWED', 6],
    [['-m', 'file', '-r', '51'], 'INVALID_RANGE', 2],
  ])('fails with the status of a local failure: %j', async (args, code, exit) => {
    const options = {cwd: makeWorkspace(), env: {UNIQUEID_SERVER: server().host}};
    expect(await cliError(['getid', ...args], options)).toMatchObject({code, exit});
  });
});

it('a service that waits for its database answers before getid gives up', async () => {
  const cwd = makeWorkspace();
  const env = {UNIQUEID_REQUEST_TIMEOUT: '1'};
  const {url} = await startServer(['--sync'], {cwd, env});
  const holder = new Database(join(cwd, 'db.sqlite3'));
  onTestFinished(() => {
    holder.close();
  });
  holder.exec('BEGIN IMMEDIATE');
  const args = ['getid', '-m', 'file', '--retries', '0', '--server', url];
  expect(await cliError(args, {cwd: makeWorkspace(), env})).toMatchObject({
    code: 'DATABASE_UNAVAILABLE',
    exit: 4,
  });
});
