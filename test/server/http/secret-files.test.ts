import {chmodSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {makeCertificate} from '../../helpers/network/certificate.js';
import {
  cli,
  cliError,
  recordsOf,
  reload,
  startServer,
  type CliError,
  type Finished,
} from '../../helpers/programs/cli.js';
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

/** Files that hold a secret, each with the flags or variables that name it to a server. */
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
    // The variable overrides the URL, but the file still holds the password.
    const path = put(join(cwd, 'my.ini'), '[database]\npeewee_url = mysql://u:hush-hush@127.0.0.1:1/x\n');
    return {args: ['--config', path], env: {PEEWEE_URL: 'sqlite:///db.sqlite3'}, path};
  },
};

const each = Object.entries(setups);

const rejectionOf = (cwd: string, {args, env}: Setup): Promise<CliError> =>
  cliError(['serve', '--sync', '--port', '0', ...args], {cwd, env});

/** Returns the warnings of `status --json`. */
async function warnings(cwd: string, {args, env}: Setup): Promise<readonly string[]> {
  const {stdout} = await cli(['status', '--json', ...args], {cwd, env});
  return (JSON.parse(stdout) as {database: {warnings: string[]}}).database.warnings;
}

describe.skipIf(process.platform === 'win32')('a file with a secret', () => {
  it.each(each)('is rejected if others may write it: %s', async (_, setUp) => {
    const cwd = makeWorkspace();
    const setup = setUp(cwd);
    await cli(['dbsync'], {cwd});
    for (const mode of [0o620, 0o602, 0o666, 0o664]) {
      chmodSync(setup.path, mode);
      const {code, message, hint} = await rejectionOf(cwd, setup);
      expect(code).toBe('CONFIG_INVALID');
      expect(message).toContain(setup.path);
      expect(hint).toContain('chmod go-w');
    }
  });

  it.each(each)('causes a warning of serve and status if every user may read it: %s', async (_, setUp) => {
    const cwd = makeWorkspace();
    const setup = setUp(cwd);
    chmodSync(setup.path, 0o444);
    const server = await startServer(['--sync', ...setup.args], {cwd, env: setup.env});
    const [warning] = recordsOf(server.stderr(), 'warn');
    for (const part of [setup.path, '0444']) expect(warning?.msg).toContain(part);
    expect(await warnings(cwd, setup)).toEqual([expect.stringContaining(setup.path)]);
    const screen = await cli(['status', ...setup.args], {cwd, env: setup.env});
    expect(screen.stdout).toContain('0444');
    chmodSync(setup.path, 0o640);
    expect(await warnings(cwd, setup)).toEqual([]);
  });

  it.each([0o400, 0o440, 0o600, 0o640])('causes no warning with mode %o', async (mode) => {
    const cwd = makeWorkspace();
    const all = each.map(([, setUp]) => setUp(cwd));
    for (const {path} of all) chmodSync(path, mode);
    const args = all.flatMap((setup) => setup.args);
    const env = Object.assign({}, ...all.map((setup) => setup.env)) as Record<string, string>;
    const server = await startServer(['--sync', ...args], {cwd, env});
    expect(recordsOf(server.stderr(), 'warn')).toEqual([]);
  });

  it('is judged by its own permissions, not by the links and folders of a Kubernetes mount', async () => {
    const cwd = makeWorkspace();
    mkdirSync(join(cwd, '..2026'));
    chmodSync(join(cwd, '..2026'), 0o1777);
    const file = put(join(cwd, '..2026', 'tokens.ini'), tokens);
    symlinkSync('..2026', join(cwd, '..data'));
    symlinkSync(join('..data', 'tokens.ini'), join(cwd, 'tokens.ini'));
    const setup = {args: [], env: {UNIQUEID_TOKENS_FILE: join(cwd, 'tokens.ini')}, path: file};
    const server = await startServer(['--sync'], {cwd, env: setup.env});
    expect(recordsOf(server.stderr(), 'warn')).toEqual([]);
    chmodSync(file, 0o646);
    expect((await rejectionOf(cwd, setup)).code).toBe('CONFIG_INVALID');
  });

  it('is rejected on SIGHUP if others may write it by then', async () => {
    const cwd = makeWorkspace();
    const setup = setups['tokens_file']?.(cwd);
    const {env, path} = setup ?? {env: {}, path: ''};
    const server = await startServer(['--sync'], {cwd, env});
    put(path, '[a]\ntoken = somebody-elses-token\n');
    chmodSync(path, 0o666);
    const outcome = await reload(server);
    expect(outcome.accepted).toBe(false);
    expect(outcome.text).toContain('chmod go-w');
    const ask = (token: string): Promise<Finished> =>
      cli(['getid', '-m', 'file', '--server', server.url], {cwd, env: {UNIQUEID_TOKEN: token}});
    expect((await ask('somebody-elses-token')).status).toBe(7);
    expect((await ask('a-long-enough-secret')).status).toBe(0);
  });

  it.each(['getid -m file', 'status', 'dbsync', 'dbsync --check', 'reset --all --to 0 --yes'])(
    'is rejected by %s if it is the config file and others may write it',
    async (line) => {
      const cwd = makeWorkspace();
      const path = put(join(cwd, 'my.ini'), '[uniqueid]\ntokens_file = tokens.ini\n');
      chmodSync(path, 0o664);
      const {code, message} = await cliError([...line.split(' '), '--config', path], {cwd});
      expect(code).toBe('CONFIG_INVALID');
      expect(message).toContain(path);
    },
  );

  it('is not a config file without a password and without tokens_file', async () => {
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
  'a client key for the database is rejected if others may write it',
  async () => {
    const cwd = makeWorkspace();
    const {key} = makeCertificate();
    chmodSync(key, 0o620);
    const url = `postgresql://127.0.0.1:1/a?sslmode=require&sslkey=${key}`;
    const {code, message} = await cliError(['status', '--database', url], {cwd});
    expect(code).toBe('CONFIG_INVALID');
    expect(message).toContain('sslkey');
  },
);
