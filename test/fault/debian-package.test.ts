import {execFileSync} from 'node:child_process';
import {once} from 'node:events';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import {join, relative} from 'node:path';
import {createInterface} from 'node:readline';
import {beforeAll, expect, inject, it} from 'vitest';
import {makeDebianRoot, type DebianRoot} from '../helpers/folders/debian-root.js';
import {root} from '../helpers/folders/workspace.js';
import {need, needs} from '../helpers/run/needs.js';

/** The upgrade adds this line to its conffiles. */
const NEW_LINE = '; A new explanation.\n';

/** Records its arguments and fails, as in a root folder whose systemd cannot be reached. */
const SYSTEMCTL = '#!/bin/sh\necho "$*" >>/systemctl.log\nexit 1\n';

/** Returns the folders of the npm packages that an installation needs, relative to this clone. */
const productionFolders = (): string[] =>
  run('npm', 'ls', '--omit=dev', '--all', '--parseable')
    .split('\n')
    .slice(1)
    .map((folder) => relative(root, folder));

const run = (program: string, ...args: readonly string[]): string =>
  execFileSync(program, args, {cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe']}).trim();

/** Returns a copy of a package with a higher version and other conffiles, without the slow compression. */
function makeUpgrade(path: string, folder: string): string {
  const tree = join(folder, 'upgrade');
  run('dpkg-deb', '--raw-extract', path, tree);
  const control = join(tree, 'DEBIAN', 'control');
  writeFileSync(control, readFileSync(control, 'utf8').replace(/^Version: .*$/m, 'Version: 99.0.0'));
  for (const name of ['config.ini', 'cpconfig.ini'])
    appendFileSync(join(tree, 'etc', 'uniqueid', name), NEW_LINE);
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
  const systemctlCalls = (): string[] => {
    const calls = readFileSync(path('systemctl.log'), 'utf8').split('\n').slice(0, -1);
    rmSync(path('systemctl.log'));
    return calls;
  };
  const allocate = (): unknown =>
    JSON.parse(machine.run(...asService, 'getid', '-m', 'file', '-r', '10').stdout);

  beforeAll(() => {
    const folder = mkdtempSync(join(inject('workspaces'), 'debian-'));
    const options = ['--output', folder, '--compression', 'none'];
    // Without `npm run package`, which builds first: other tests need the build at this moment.
    const tsx = join(root, 'node_modules', '.bin', 'tsx');
    // The umask of the builder must not matter.
    debian = run('sh', '-c', 'umask 077; exec "$0" "$@"', tsx, 'scripts/debian/package.js', ...options);
    machine = makeDebianRoot(join(folder, 'root'), 'man-db', 'logrotate');
    mkdirSync(path('run/systemd/system'), {recursive: true});
    writeFileSync(path('usr/bin/systemctl'), SYSTEMCTL, {mode: 0o755});
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
    expect(machine.run('groupadd', '--system', 'uniqueid').status).toBe(0);
    expect(machine.run('dpkg', '-i', '/packages/uniqueid.deb')).toMatchObject({status: 0});
    expect(systemctlCalls()).toEqual(['daemon-reload']);
    expect(machine.run('/var/lib/dpkg/info/uniqueid.postinst', 'configure')).toMatchObject({status: 0});
    const {stdout} = machine.run('stat', '--format=%U:%G %a', '/var/lib/uniqueid', '/var/log/uniqueid');
    expect(stdout).toBe('uniqueid:uniqueid 750\nuniqueid:uniqueid 750\n');
    expect(machine.run('dpkg', '--verify', 'uniqueid')).toMatchObject({status: 0, stdout: ''});
    expect(machine.run('uniqueid', 'version', '--json').stdout).toContain(process.version.slice(1));
  });

  it('has its units where Debian 12 and 13 expect them', () => {
    const units = machine
      .run('dpkg', '--listfiles', 'uniqueid')
      .stdout.match(/.*\/system\/.*\.(?:service|socket)$/gm);
    expect(units?.sort()).toEqual(
      ['service', 'socket'].map((kind) => `/usr/lib/systemd/system/uniqueid.${kind}`),
    );
  });

  it('holds the licence of every npm package inside, and names those without a text', () => {
    const copyright = readFileSync(path('usr/share/doc/uniqueid/copyright'), 'utf8');
    const folders = productionFolders();
    expect(folders.length).toBeGreaterThan(50);
    for (const folder of folders) {
      const texts = readdirSync(join(root, folder)).filter((name) => /licen[cs]e|copying|notice/i.test(name));
      for (const text of texts)
        expect(existsSync(path(join('usr/lib/uniqueid', folder, text))), `${folder} ${text}`).toBe(true);
      const {name, version} = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as {
        name: string;
        version: string;
      };
      const row = copyright.split('\n').find((line) => line.includes(`: ${name} ${version}`));
      expect(row?.includes('(no text'), folder).toBe(texts.length === 0);
    }
    expect(copyright).toContain(readFileSync(join(root, 'LICENSE'), 'utf8').trim());
    expect(readFileSync(path('usr/share/doc/uniqueid/node-licence.txt'), 'utf8')).toContain('Node.js');
    expect(existsSync(path('usr/lib/uniqueid/dist/dashboard/LICENSES.txt'))).toBe(true);
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

  it('lets root and the group of the service use its database, and others none', () => {
    const config = path('etc/uniqueid/config.ini');
    const before = readFileSync(config, 'utf8');
    writeFileSync(config, '[database]\npeewee_url = sqlite:////var/lib/uniqueid/other.sqlite3\n');
    expect(machine.run('chgrp', 'uniqueid', '/etc/uniqueid/config.ini').status).toBe(0);
    chmodSync(config, 0o640);
    const getid = ['uniqueid', 'getid', '-m', 'file', '--format', 'plain'];
    expect(machine.run(...asService, 'dbsync')).toMatchObject({status: 0});
    expect(machine.run(...asService.slice(0, -1), ...getid).stdout).toBe('0 0\n');
    expect(machine.run(...getid).stdout).toBe('1 1\n');
    expect(machine.run('runuser', '-u', 'nobody', '--', ...getid).status).toBe(2);
    expect(machine.run(...asService.slice(0, -1), ...getid).stdout).toBe('2 2\n');
    writeFileSync(config, before);
  });

  it('rotates the logs as the user of the service, who may write their folder', () => {
    const log = path('var/log/uniqueid/access.log');
    expect(machine.run('runuser', '-u', 'uniqueid', '--', 'tee', '/var/log/uniqueid/access.log').status).toBe(
      0,
    );
    writeFileSync(log, 'a line\n');
    // Without "su", logrotate skips a folder that a group may write.
    chmodSync(path('var/log/uniqueid'), 0o770);
    const {stderr} = machine.run('logrotate', '--force', '/etc/logrotate.d/uniqueid');
    expect(stderr).not.toContain('insecure permissions');
    expect(readFileSync(`${log}.1`, 'utf8')).toBe('a line\n');
    expect(systemctlCalls()).toContain('try-reload-or-restart uniqueid.service');
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
    // Without the option dpkg asks which of the two files to keep.
    expect(machine.run('dpkg', '--force-confold', '-i', '/packages/upgrade.deb')).toMatchObject({status: 0});
    expect(systemctlCalls()).toContain('try-restart uniqueid.service');
    expect(machine.run('dpkg-query', '--show', '--showformat=${Version}', 'uniqueid').stdout).toBe('99.0.0');
    expect(readFileSync(config, 'utf8')).toBe(edited);
    expect(readFileSync(`${config}.dpkg-dist`, 'utf8')).toContain(NEW_LINE);
    expect(readFileSync(path('etc/uniqueid/cpconfig.ini'), 'utf8')).toContain(NEW_LINE);
    expect(allocate()).toEqual({startIndex: 20, endIndex: 29});
    expect(machine.run(...asService, 'getid', '-m', 'file', '-r', '1001').status).toBe(2);
  });

  it('keeps configuration and counters at a removal, and only counters at a purge', () => {
    writeFileSync(path('etc/uniqueid/environment'), 'PEEWEE_URL=\n');
    writeFileSync(path('var/log/uniqueid/access.log.1'), '');
    const counters = readFileSync(path('var/lib/uniqueid/db.sqlite3'));
    cpSync(path('var/lib/dpkg/info/uniqueid.postrm'), path('packages/postrm'));
    expect(machine.run('dpkg', '--remove', 'uniqueid')).toMatchObject({status: 0});
    expect(systemctlCalls()).toContain('stop uniqueid.socket uniqueid.service');
    expect(existsSync(path('usr/lib/uniqueid'))).toBe(false);
    expect(existsSync(path('usr/bin/uniqueid'))).toBe(false);
    expect(existsSync(path('etc/uniqueid/config.ini'))).toBe(true);
    expect(machine.run('dpkg', '--purge', 'uniqueid')).toMatchObject({status: 0});
    expect(machine.run('/packages/postrm', 'purge')).toMatchObject({status: 0});
    expect(existsSync(path('etc/uniqueid'))).toBe(false);
    expect(existsSync(path('var/log/uniqueid'))).toBe(false);
    expect(readFileSync(path('var/lib/uniqueid/db.sqlite3'))).toEqual(counters);
  });
});
