import {execFileSync} from 'node:child_process';
import {once} from 'node:events';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {beforeAll, expect, inject, it} from 'vitest';
import {makeDebianRoot, type DebianRoot} from '../helpers/folders/debian-root.js';
import {root} from '../helpers/folders/workspace.js';
import {need, needs} from '../helpers/run/needs.js';

const run = (program: string, ...args: readonly string[]): string =>
  execFileSync(program, args, {cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe']}).trim();

/** Returns a copy of a package with a higher version, without its compression, which takes a minute. */
function makeUpgrade(path: string, folder: string): string {
  const tree = join(folder, 'upgrade');
  run('dpkg-deb', '--raw-extract', path, tree);
  const control = join(tree, 'DEBIAN', 'control');
  writeFileSync(control, readFileSync(control, 'utf8').replace(/^Version: .*$/m, 'Version: 99.0.0'));
  const upgrade = join(folder, 'upgrade.deb');
  run('dpkg-deb', '-Znone', '--build', tree, upgrade);
  return upgrade;
}

// The tests run in this order: each begins with what the one before has left.
needs('debootstrap', 'dpkg-shlibdeps', 'mounts').describe('the Debian package', {timeout: 600_000}, () => {
  let machine: DebianRoot;
  let debian: string;
  const asService = ['runuser', '-u', 'uniqueid', '--', 'uniqueid'];
  // Unlike runuser, setpriv does not wait as a parent: signals reach the service.
  const replacing = [
    ...['setpriv', '--reuid=uniqueid', '--regid=uniqueid', '--init-groups'],
    ...['env', 'HOME=/var/lib/uniqueid'],
  ];
  const path = (name: string): string => join(machine.path, name);
  const allocate = (): unknown =>
    JSON.parse(machine.run(...asService, 'getid', '-m', 'file', '-r', '10').stdout);

  beforeAll(() => {
    const folder = mkdtempSync(join(inject('workspaces'), 'debian-'));
    const options = ['--output', folder, '--compression', 'none'];
    // Without `npm run package`, which builds first: other tests need the build at this moment.
    debian = run(join(root, 'node_modules', '.bin', 'tsx'), 'scripts/debian/package.js', ...options);
    machine = makeDebianRoot(join(folder, 'root'), 'man-db');
    mkdirSync(path('packages'));
    cpSync(debian, path('packages/uniqueid.deb'));
    cpSync(makeUpgrade(debian, folder), path('packages/upgrade.deb'));
  }, 600_000);

  it('has no fault that lintian counts as an error', () => {
    need('lintian');
    // The tests do not compress it.
    const ignored = ['data', 'control'].map((part) => `uses-no-compression-for-${part}-tarball`).join(',');
    expect(
      run('lintian', '--allow-root', '--fail-on', 'error', '--suppress-tags', ignored, debian),
    ).not.toMatch(/^E/m);
  });

  it('installs on a machine without Node.js and compiler, and makes the user of the service', () => {
    for (const program of ['node', 'cc', 'python3', 'uniqueid'])
      expect(machine.run('sh', '-c', `command -v ${program}`).status).not.toBe(0);
    expect(machine.run('dpkg', '-i', '/packages/uniqueid.deb')).toMatchObject({status: 0});
    const {stdout} = machine.run('stat', '--format=%U:%G %a', '/var/lib/uniqueid', '/var/log/uniqueid');
    expect(stdout).toBe('uniqueid:uniqueid 750\nuniqueid:uniqueid 750\n');
    expect(machine.run('dpkg', '--verify', 'uniqueid')).toMatchObject({status: 0, stdout: ''});
    expect(machine.run('uniqueid', 'version', '--json').stdout).toContain(process.version.slice(1));
  });

  it('creates its database, allocates and serves as that user', async () => {
    expect(machine.run(...asService, 'dbsync')).toMatchObject({status: 0});
    expect(existsSync(path('var/lib/uniqueid/db.sqlite3'))).toBe(true);
    expect(allocate()).toEqual({startIndex: 0, endIndex: 9});
    const service = machine.start(...replacing, 'pacifica-uniqueid', '-p', '0', '-a', '127.0.0.1');
    try {
      const lines: AsyncIterator<string, undefined> = createInterface({input: service.stderr})[
        Symbol.asyncIterator
      ]();
      // One line of the command of the Python service, then the record of the start.
      expect((await lines.next()).value).toContain('uniqueid serve --port 0 --address 127.0.0.1');
      const started = JSON.parse((await lines.next()).value ?? '') as {url: string};
      const answer = await fetch(`${started.url}/getid?mode=file&range=10`);
      expect(await answer.json()).toEqual({startIndex: 10, endIndex: 19});
      const ended = once(service, 'exit');
      service.kill('SIGTERM');
      expect(await ended).toEqual([0, null]);
    } finally {
      service.kill('SIGKILL');
    }
  });

  it('checks the schema by the command of the Python service', () => {
    const {status, stderr} = machine.run(
      ...asService.slice(0, -1),
      'pacifica-uniqueid-cmd',
      'dbchk',
      '--equal',
    );
    expect(status).toBe(0);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('renders its manual', () => {
    const pages = [
      'uniqueid',
      'uniqueid-getid',
      'uniqueid-config',
      'pacifica-uniqueid',
      'pacifica-uniqueid-cmd',
    ];
    for (const page of pages) {
      const {status, stdout, stderr} = machine.run('man', '--warnings', page);
      expect({status, stderr}).toEqual({status: 0, stderr: ''});
      expect(stdout).toContain('NAME');
      expect(stdout).toContain(page);
    }
  });

  it('keeps configuration and counters at an upgrade', () => {
    const config = path('etc/uniqueid/config.ini');
    appendFileSync(config, 'max_range = 1000\n');
    const edited = readFileSync(config, 'utf8');
    expect(machine.run('dpkg', '-i', '/packages/upgrade.deb')).toMatchObject({status: 0});
    expect(machine.run('dpkg-query', '--show', '--showformat=${Version}', 'uniqueid').stdout).toBe('99.0.0');
    expect(readFileSync(config, 'utf8')).toBe(edited);
    expect(allocate()).toEqual({startIndex: 20, endIndex: 29});
    expect(machine.run(...asService, 'getid', '-m', 'file', '-r', '1001').status).toBe(2);
  });

  it('keeps configuration and counters at a removal, and only counters at a purge', () => {
    writeFileSync(path('etc/uniqueid/environment'), 'PEEWEE_URL=\n');
    writeFileSync(path('var/log/uniqueid/access.log.1'), '');
    const counters = readFileSync(path('var/lib/uniqueid/db.sqlite3'));
    expect(machine.run('dpkg', '--remove', 'uniqueid')).toMatchObject({status: 0});
    expect(existsSync(path('usr/lib/uniqueid'))).toBe(false);
    expect(existsSync(path('usr/bin/uniqueid'))).toBe(false);
    expect(existsSync(path('etc/uniqueid/config.ini'))).toBe(true);
    expect(machine.run('dpkg', '--purge', 'uniqueid')).toMatchObject({status: 0});
    expect(existsSync(path('etc/uniqueid'))).toBe(false);
    expect(existsSync(path('var/log/uniqueid'))).toBe(false);
    expect(readFileSync(path('var/lib/uniqueid/db.sqlite3'))).toEqual(counters);
  });
});
