import {execFileSync} from 'node:child_process';
import {cpSync, existsSync, mkdirSync, readFileSync, symlinkSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {makeWorkspace, root} from '../helpers/folders/workspace.js';
import {cli} from '../helpers/programs/cli.js';

const npm = (args: readonly string[], cwd: string): string =>
  execFileSync('npm', args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    shell: process.platform === 'win32',
  });

describe('the package', () => {
  it('holds what the command needs, and no tests or sources', () => {
    const [{files}] = JSON.parse(npm(['pack', '--dry-run', '--json', '--ignore-scripts'], root)) as [
      {files: {path: string}[]},
    ];
    const paths = files.map(({path}) => path);
    for (const needed of [
      'bin/run.js',
      'oclif.manifest.json',
      'dist/commands/getid.js',
      'dist/index.d.ts',
      'docs/config.example.ini',
      'LICENSE',
      'README.md',
    ]) {
      expect(paths).toContain(needed);
    }
    expect(paths.filter((path) => /^(?:src|test|bench)\/|\.sqlite3|dev\.js/.test(path))).toEqual([]);
  });

  it('works when it is unpacked elsewhere', () => {
    const folder = makeWorkspace();
    npm(['pack', '--ignore-scripts', '--pack-destination', folder], root);
    const {version} = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {version: string};
    const home = join(folder, 'node_modules', 'uniqueid');
    mkdirSync(home, {recursive: true});
    execFileSync('tar', ['-xzf', `uniqueid-${version}.tgz`, '--strip-components=1', '-C', home], {
      cwd: folder,
    });
    // Its dependencies as they are installed here: building the database driver again takes a minute.
    symlinkSync(join(root, 'node_modules'), join(home, 'node_modules'), 'junction');
    const run = (...args: string[]): string =>
      execFileSync(process.execPath, [join(home, 'bin', 'run.js'), ...args], {
        cwd: folder,
        encoding: 'utf8',
        env: {PATH: process.env['PATH'], HOME: folder},
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    expect(run('dbsync')).toContain('is at schema 1.0');
    expect(run('getid', '-m', 'file', '-r', '10')).toBe('{"endIndex": 9, "startIndex": 0}\n');
    expect(run('--version')).toContain(version);
    const program = `import {formatRange, openStore, parseDatabaseUrl, Allocator} from 'uniqueid';
      const store = await openStore(parseDatabaseUrl('sqlite:///db.sqlite3'));
      const allocator = new Allocator(store, {firstIndex: 0n, requestTimeoutMs: 1000, maxQueue: 10});
      console.log(formatRange(await allocator.allocate('file', 5n)));
      await store.close();`;
    const out = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(out).toBe('{"endIndex": 14, "startIndex": 10}\n');
  });

  it('has a fresh manifest of its commands', () => {
    const folder = makeWorkspace();
    for (const each of ['package.json', 'bin', 'dist'])
      cpSync(join(root, each), join(folder, each), {recursive: true});
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
    execFileSync(process.execPath, [join(root, 'node_modules', 'oclif', 'bin', 'run.js'), 'manifest'], {
      cwd: folder,
      stdio: 'ignore',
    });
    const read = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));
    expect(read(join(root, 'oclif.manifest.json'))).toEqual(read(join(folder, 'oclif.manifest.json')));
  });
});

describe('help', () => {
  it.each(['getid', 'serve', 'dbsync', 'status', 'reset'])(
    'of %s has a summary, examples and every flag',
    async (command) => {
      const cwd = makeWorkspace();
      const {status, stdout, stderr} = await cli([command, '--help'], {cwd, env: {COLUMNS: '80'}});
      expect({status, stderr}).toEqual({status: 0, stderr: ''});
      expect(stdout).toMatch(/USAGE\n {2}\$ uniqueid/);
      expect(stdout).toMatch(/EXAMPLES\n[^]*\$ uniqueid/);
      for (const flag of ['--config', '--database', '--json']) expect(stdout).toContain(flag);
    },
  );

  it('does not look for sources when NODE_ENV says development', async () => {
    const cwd = makeWorkspace();
    const {status, stderr} = await cli(['status'], {cwd, env: {NODE_ENV: 'development'}});
    expect(status).toBe(3);
    expect(stderr).toMatch(/^Error: There is no database/);
    expect(existsSync(join(cwd, 'db.sqlite3'))).toBe(false);
  });

  it('of a command that is not there ends with exit status 2', async () => {
    expect((await cli(['nonsense'], {cwd: makeWorkspace()})).status).toBe(2);
  });
});
