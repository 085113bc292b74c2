import {chmodSync, cpSync, mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {makeWorkspace, root} from '../../helpers/folders/workspace.js';
import {cli, cliError, startProgram, type Finished} from '../../helpers/programs/cli.js';
import {needs} from '../../helpers/run/needs.js';

/** Runs a command in a name space where the folder `etc` of the workspace is `/etc`. */
function withOwnEtc(cwd: string, args: readonly string[], env = {}): Promise<Finished> {
  const script = 'mount --bind "$0" /etc && exec setpriv --bounding-set=-dac_override,-dac_read_search "$@"';
  const program = [process.execPath, join(root, 'bin', 'run.js'), ...args];
  const options = ['--mount', 'sh', '-c', script, join(cwd, 'etc'), ...program];
  return startProgram('unshare', options, {cwd, env}).finished;
}

/** Makes `etc/uniqueid` with a config file of its own database, and an elsewhere empty home. */
function makeServer(): {cwd: string; file: string; database: string} {
  const cwd = makeWorkspace();
  const folder = join(cwd, 'etc', 'uniqueid');
  mkdirSync(folder, {recursive: true});
  // oclif asks for the name of the user.
  cpSync('/etc/passwd', join(cwd, 'etc', 'passwd'));
  const [file, database] = [join(folder, 'config.ini'), join(cwd, 'server.sqlite3')];
  writeFileSync(file, `[database]\npeewee_url = sqlite:///${database}\n`);
  writeFileSync(join(folder, 'cpconfig.ini'), '[global]\nserver.socket_port: 8099\n');
  return {cwd, file, database};
}

needs('mounts').describe('the files in /etc/uniqueid', () => {
  it('are read by every command if the home folder has none', async () => {
    const {cwd, database} = makeServer();
    expect((await withOwnEtc(cwd, ['dbsync'])).status).toBe(0);
    const status = await withOwnEtc(cwd, ['status', '--json']);
    expect(status).toMatchObject({status: 0, stderr: ''});
    expect(JSON.parse(status.stdout)).toMatchObject({database: {location: database}});
    const sources = await withOwnEtc(cwd, ['status', '--config-sources', '--json']);
    const {settings, files} = JSON.parse(sources.stdout) as {settings: object[]; files: object[]};
    expect(settings).toContainEqual({
      setting: 'server.socket_port',
      value: '8099',
      source: '/etc/uniqueid/cpconfig.ini:2',
    });
    expect(files).toMatchObject([{path: '/etc/uniqueid/config.ini'}, {path: '/etc/uniqueid/cpconfig.ini'}]);
  });

  it('give way to the home folder, a variable and a flag', async () => {
    const {cwd} = makeServer();
    const own = join(cwd, 'own.ini');
    writeFileSync(own, `[database]\npeewee_url = sqlite:///own.sqlite3\n`);
    const locationOf = async (args: string[], env = {}): Promise<string> => {
      const {stdout} = await withOwnEtc(cwd, ['dbsync', '--dry-run', '--json', ...args], env);
      return (JSON.parse(stdout) as {database: string}).database;
    };
    expect(await locationOf(['--config', own])).toBe(join(cwd, 'own.sqlite3'));
    expect(await locationOf([], {UNIQUEID_CONFIG: own})).toBe(join(cwd, 'own.sqlite3'));
    mkdirSync(join(cwd, '.pacifica-uniqueid'));
    writeFileSync(
      join(cwd, '.pacifica-uniqueid', 'config.ini'),
      `[database]\npeewee_url = sqlite:///home.db\n`,
    );
    expect(await locationOf([])).toBe(join(cwd, 'home.db'));
  });

  it('are an error if this user may not read them', async () => {
    const {cwd, file} = makeServer();
    chmodSync(file, 0o000);
    const {status, stdout} = await withOwnEtc(cwd, ['status', '--json']);
    expect(status).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      error: {
        code: 'CONFIG_INVALID',
        message: expect.stringContaining('/etc/uniqueid/config.ini') as string,
        hint: expect.stringContaining('--config') as string,
      },
    });
  });
});

describe('a missing database', () => {
  it('names the files that were looked for if its URL is the default', async () => {
    const cwd = makeWorkspace();
    const {code, message, hint} = await cliError(['status'], {cwd});
    expect(code).toBe('DATABASE_MISSING');
    expect(message).toContain(join(cwd, 'db.sqlite3'));
    expect(hint).toContain(join(cwd, '.pacifica-uniqueid', 'config.ini'));
    expect(hint).toContain('/etc/uniqueid/config.ini');
  });

  it('names the place of its URL otherwise', async () => {
    const cwd = makeWorkspace();
    writeFileSync(join(cwd, 'a.ini'), '[database]\npeewee_url = sqlite:///./none.db\n');
    const {message, hint} = await cliError(['getid', '-m', 'file', '--config', 'a.ini'], {cwd});
    expect(message).toContain(join(cwd, 'none.db'));
    expect(hint).toContain('a.ini:2');
  });
});

it('status --config-sources shows an SQLite database as absolute', async () => {
  const cwd = makeWorkspace();
  const {stdout} = await cli(['status', '--config-sources', '--json'], {cwd});
  const {settings} = JSON.parse(stdout) as {settings: object[]};
  expect(settings[0]).toMatchObject({setting: 'peewee_url', value: join(cwd, 'db.sqlite3')});
});
