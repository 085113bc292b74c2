import {execFileSync} from 'node:child_process';
import {cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync} from 'node:fs';
import {dirname, join, relative} from 'node:path';
import {checkPackage, createPackageFromTarballData} from '@arethetypeswrong/core';
import {publint} from 'publint';
import ts from 'typescript';
import {describe, expect, it} from 'vitest';
import {makeWorkspace, root} from '../helpers/folders/workspace.js';
import {cli} from '../helpers/programs/cli.js';
import {failureOf} from '../helpers/programs/screens.js';

const npm = (args: readonly string[], cwd: string): string =>
  execFileSync('npm', args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    shell: process.platform === 'win32',
  });

describe('the package', () => {
  it('contains the files that the command needs, and neither tests nor sources', () => {
    const [{files}] = JSON.parse(npm(['pack', '--dry-run', '--json', '--ignore-scripts'], root)) as [
      {files: {path: string}[]},
    ];
    const paths = files.map(({path}) => path);
    for (const needed of [
      'bin/run.js',
      'oclif.manifest.json',
      'dist/commands/getid.js',
      'dist/index.d.ts',
      'dist/man/uniqueid.1',
      'docs/config.example.ini',
      'LICENSE',
      'README.md',
    ]) {
      expect(paths).toContain(needed);
    }
    expect(paths.filter((path) => /^(?:src|test|bench)\/|\.sqlite3|dev\.js/.test(path))).toEqual([]);
  });

  it('has the types that its public API names, and no others', () => {
    const dist = join(root, 'dist');
    const named = new Set<string>();
    const add = (path: string): void => {
      if (named.has(path)) return;
      named.add(path);
      for (const {fileName} of ts.preProcessFile(readFileSync(path, 'utf8')).importedFiles)
        if (fileName.startsWith('.')) add(join(dirname(path), fileName.replace(/\.js$/, '.d.ts')));
    };
    for (const entry of ['index.d.ts', 'client.d.ts']) add(join(dist, entry));
    const shipped = readdirSync(dist, {recursive: true, encoding: 'utf8'})
      .filter((name) => name.endsWith('.d.ts'))
      .map((name) => join(dist, name));
    expect(shipped.sort()).toEqual([...named].sort());
  });

  it('has no fault that publint finds', async () => {
    const {messages} = await publint({pkgDir: root, pack: false, strict: true});
    expect(messages).toEqual([]);
  });

  it('has no fault of types that arethetypeswrong finds for ES modules', async () => {
    const folder = makeWorkspace();
    const name = npm(['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], root).trim();
    const result = await checkPackage(createPackageFromTarballData(readFileSync(join(folder, name))));
    if (result.types === false) throw new Error('the package has no types');
    expect(Object.keys(result.entrypoints)).toEqual(expect.arrayContaining(['.', './client']));
    // As `attw --profile esm-only`: the package has no CommonJS, and the oldest way ignores "exports".
    const problems = result.problems.filter(
      (problem) =>
        !('resolutionKind' in problem) || !['node10', 'node16-cjs'].includes(problem.resolutionKind),
    );
    expect(problems).toEqual([]);
  });

  it('works in another folder after unpacking', () => {
    const folder = makeWorkspace();
    npm(['pack', '--ignore-scripts', '--pack-destination', folder], root);
    const {version} = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {version: string};
    const home = join(folder, 'node_modules', 'uniqueid');
    mkdirSync(home, {recursive: true});
    execFileSync('tar', ['-xzf', `uniqueid-${version}.tgz`, '--strip-components=1', '-C', home], {
      cwd: folder,
    });
    // The dependencies are linked, because compiling the database driver takes a minute.
    symlinkSync(join(root, 'node_modules'), join(home, 'node_modules'), 'junction');
    const run = (...args: string[]): string =>
      execFileSync(process.execPath, [join(home, 'bin', 'run.js'), ...args], {
        cwd: folder,
        encoding: 'utf8',
        env: {PATH: process.env['PATH'], HOME: folder},
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    expect(JSON.parse(run('dbsync', '--json'))).toMatchObject({after: '1.0'});
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

  it('builds when npm installs an unbuilt clone globally, and not at npm ci', () => {
    const clone = join(makeWorkspace(), 'clone');
    const isSource = (path: string): boolean => !/^(?:node_modules|dist|\.git)$/.test(relative(root, path));
    cpSync(root, clone, {recursive: true, filter: isSource});
    symlinkSync(join(root, 'node_modules'), join(clone, 'node_modules'), 'junction');
    const prefix = makeWorkspace();
    const prepare = join(clone, 'scripts', 'prepare.js');
    execFileSync(process.execPath, [prepare], {env: {PATH: process.env['PATH'], npm_command: 'ci'}});
    expect(existsSync(join(clone, 'dist'))).toBe(false);
    npm(['install', '--global', '--offline', '--no-audit', '--prefix', prefix, '.'], clone);
    const run = (...args: string[]): string =>
      execFileSync(join(prefix, 'bin', 'uniqueid'), args, {
        cwd: prefix,
        encoding: 'utf8',
        env: {PATH: process.env['PATH'], HOME: prefix},
      });
    run('dbsync', '--json');
    expect(run('getid', '-m', 'file')).toBe('{"endIndex": 0, "startIndex": 0}\n');
  });

  it('has an up-to-date manifest of its commands', () => {
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

describe('the command line', () => {
  it.each(['getid', 'serve', 'dbsync', 'status', 'reset', 'token'])(
    'shows usage, examples and the global flags in the help of %s',
    async (command) => {
      const cwd = makeWorkspace();
      const {status, stdout, stderr} = await cli([command, '--help'], {cwd, env: {COLUMNS: '80'}});
      expect({status, stderr}).toEqual({status: 0, stderr: ''});
      expect(stdout).toMatch(/USAGE\n {2}\$ uniqueid/);
      expect(stdout).toMatch(/EXAMPLES\n[^]*\$ uniqueid/);
      for (const flag of ['--config', '--database', '--json']) expect(stdout).toContain(flag);
    },
  );

  it('runs its compiled commands also with NODE_ENV=development', async () => {
    const cwd = makeWorkspace();
    const missing = await cli(['status', '--json'], {cwd, env: {NODE_ENV: 'development'}});
    expect(missing).toMatchObject({status: 3, stderr: ''});
    expect(failureOf(missing).code).toBe('DATABASE_MISSING');
    expect(existsSync(join(cwd, 'db.sqlite3'))).toBe(false);
  });

  it('ends with status 2 for an unknown command', async () => {
    expect((await cli(['nonsense'], {cwd: makeWorkspace()})).status).toBe(2);
  });
});
