import {chmodSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {makeCertificate} from '../../helpers/network/certificate.js';
import {cli, startServer, waitFor, type Finished} from '../../helpers/programs/cli.js';
import {makeWorkspace} from '../../helpers/folders/workspace.js';

interface Setup {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The file that holds the secret. */
  readonly path: string;
}

function put(path: string, text: string): string {
  writeFileSync(path, text, {mode: 0o600});
  return path;
}

const tokens = '[a]\ntoken = a-long-enough-secret\n';

/** Files that hold a secret, each as a service is told of it. */
const setups: Readonly<Record<string, (cwd: string) => Setup>> = {
  tokens_file: (cwd) => {
    const path = put(join(cwd, 'tokens.ini'), tokens);
    return {args: [], env: {UNIQUEID_TOKENS_FILE: path}, path};
  },
  tls_key: (cwd) => {
    const {certificate, key} = makeCertificate();
    const path = join(cwd, 'key.pem');
    copyFileSync(key, path);
    return {args: [], env: {UNIQUEID_TLS_CERT: certificate, UNIQUEID_TLS_KEY: path}, path};
  },
  'the config file': (cwd) => {
    // The variable wins, but the password stands in the file for all to read.
    const path = put(join(cwd, 'my.ini'), '[database]\npeewee_url = mysql://u:hush-hush@127.0.0.1:1/x\n');
    return {args: ['--config', path], env: {PEEWEE_URL: 'sqlite:///db.sqlite3'}, path};
  },
};

const each = Object.entries(setups);

const serve = (cwd: string, {args, env}: Setup): Promise<Finished> =>
  cli(['serve', '--sync', '--port', '0', ...args], {cwd, env});

/** The warnings of `status --json`. */
async function warnings(cwd: string, {args, env}: Setup): Promise<readonly string[]> {
  const {stdout} = await cli(['status', '--json', ...args], {cwd, env});
  return (JSON.parse(stdout) as {database: {warnings: string[]}}).database.warnings;
}

describe.skipIf(process.platform === 'win32')('a file with a secret', () => {
  it.each(each)('that others may write is rejected: %s', async (_, setUp) => {
    const cwd = makeWorkspace();
    const setup = setUp(cwd);
    await cli(['dbsync'], {cwd});
    for (const mode of [0o620, 0o602, 0o666, 0o664]) {
      chmodSync(setup.path, mode);
      const {status, stderr} = await serve(cwd, setup);
      expect(status, stderr).toBe(2);
      expect(stderr).toContain(setup.path);
      expect(stderr).toContain('chmod go-w');
    }
  });

  it.each(each)('that every user may read is warned of by serve and status: %s', async (_, setUp) => {
    const cwd = makeWorkspace();
    const setup = setUp(cwd);
    chmodSync(setup.path, 0o444);
    const server = await startServer(['--sync', ...setup.args], {cwd, env: setup.env});
    expect(server.stderr()).toContain(`${setup.path} (mode 0444)`);
    expect(await warnings(cwd, setup)).toEqual([expect.stringContaining(setup.path)]);
    const screen = await cli(['status', ...setup.args], {cwd, env: setup.env});
    expect(screen.stdout).toContain('mode 0444');
    chmodSync(setup.path, 0o640);
    expect(await warnings(cwd, setup)).toEqual([]);
  });

  it.each([0o400, 0o440, 0o600, 0o640])('is nothing to tell of with mode %o', async (mode) => {
    const cwd = makeWorkspace();
    for (const [, setUp] of each) {
      const setup = setUp(cwd);
      chmodSync(setup.path, mode);
      const server = await startServer(['--sync', ...setup.args], {cwd, env: setup.env});
      expect(server.stderr()).not.toContain('chmod');
    }
  });

  it('is judged by the file itself, not by the links and folders of a Kubernetes mount', async () => {
    const cwd = makeWorkspace();
    mkdirSync(join(cwd, '..2026'));
    chmodSync(join(cwd, '..2026'), 0o1777);
    const file = put(join(cwd, '..2026', 'tokens.ini'), tokens);
    symlinkSync('..2026', join(cwd, '..data'));
    symlinkSync(join('..data', 'tokens.ini'), join(cwd, 'tokens.ini'));
    const setup = {args: [], env: {UNIQUEID_TOKENS_FILE: join(cwd, 'tokens.ini')}, path: file};
    const server = await startServer(['--sync'], {cwd, env: setup.env});
    expect(server.stderr()).not.toContain('chmod');
    chmodSync(file, 0o646);
    expect((await serve(cwd, setup)).status).toBe(2);
  });

  it('that others may write since SIGHUP changes nothing', async () => {
    const cwd = makeWorkspace();
    const setup = setups['tokens_file']?.(cwd);
    const {env, path} = setup ?? {env: {}, path: ''};
    const server = await startServer(['--sync'], {cwd, env});
    put(path, '[a]\ntoken = somebody-elses-token\n');
    chmodSync(path, 0o666);
    server.process.kill('SIGHUP');
    await waitFor(() => (server.stderr().includes('chmod go-w') ? true : undefined), server);
    const ask = (token: string): Promise<Finished> =>
      cli(['getid', '-m', 'file', '--server', server.url], {cwd, env: {UNIQUEID_TOKEN: token}});
    expect((await ask('somebody-elses-token')).status).toBe(7);
    expect((await ask('a-long-enough-secret')).status).toBe(0);
  });

  it.each(['getid -m file', 'status', 'dbsync', 'dbsync --check', 'reset --all --to 0 --yes'])(
    'as the config file that others may write is rejected by %s',
    async (line) => {
      const cwd = makeWorkspace();
      const path = put(join(cwd, 'my.ini'), '[uniqueid]\ntokens_file = tokens.ini\n');
      chmodSync(path, 0o664);
      const {status, stderr} = await cli([...line.split(' '), '--config', path], {cwd});
      expect(status, stderr).toBe(2);
      expect(stderr).toContain(path);
    },
  );

  it('is no config file without a password and without tokens', async () => {
    const cwd = makeWorkspace();
    const path = put(join(cwd, 'my.ini'), '[database]\npeewee_url = sqlite:///db.sqlite3\n');
    chmodSync(path, 0o666);
    expect(await cli(['dbsync', '--config', path], {cwd})).toMatchObject({status: 0});
    put(path, '[database]\npeewee_url = sqlite:///db.sqlite3\n[uniqueid]\ntokens_file = tokens.ini\n');
    chmodSync(path, 0o644);
    expect(await warnings(cwd, {args: ['--config', path], env: {}, path})).toEqual([]);
  });
});

it.skipIf(process.platform === 'win32')(
  'a client key of the database that others may write is rejected',
  async () => {
    const cwd = makeWorkspace();
    const {key} = makeCertificate();
    chmodSync(key, 0o620);
    const url = `postgresql://127.0.0.1:1/a?sslmode=require&sslkey=${key}`;
    const {status, stderr} = await cli(['status', '--database', url], {cwd});
    expect(status, stderr).toBe(2);
    expect(stderr).toContain('sslkey');
  },
);
