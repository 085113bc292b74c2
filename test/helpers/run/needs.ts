import {spawnSync} from 'node:child_process';
import {appendFileSync, existsSync, readdirSync} from 'node:fs';
import {delimiter, join} from 'node:path';
import {describe, inject, it, TestRunner, type RunnerTestCase} from 'vitest';
import {findGalera} from '../databases/galera-cluster.js';
import {MISSING_FILE} from './missing-file.js';

/** A program or a right that some tests need. */
interface Requirement {
  readonly isMet: () => boolean;
  /** Its name and how to get it. */
  readonly how: string;
}

const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];

const program = (name: string, debianPackage = name): Requirement => ({
  isMet: () => folders.some((folder) => existsSync(join(folder, name))),
  how: `${name}: apt-get install ${debianPackage}`,
});

const succeeds = (command: string, ...args: string[]): boolean => spawnSync(command, args).status === 0;

/** Commands that need all parts of the kernel that a trial of the network needs. */
const network =
  'ip link add bridge type bridge && ip link add one type veth peer name other && ' +
  'iptables -A INPUT -m statistic --mode random --probability 0.5 -j DROP && ' +
  'tc qdisc add dev one root tbf rate 1mbit burst 16kbit latency 1s';

/** All needs of tests besides Node.js and git. */
const requirements = {
  postgresql: {
    isMet: () => inject('postgresUrl') !== '',
    how: 'PostgreSQL: apt-get install postgresql, or set UNIQUEID_TEST_POSTGRES_URL',
  },
  mariadb: {
    isMet: () => inject('mysqlUrl') !== '',
    how: 'MariaDB: apt-get install mariadb-server, or set UNIQUEID_TEST_MYSQL_URL',
  },
  galera: {
    isMet: () => findGalera() !== undefined,
    how: 'Galera: apt-get install galera-4 mariadb-server rsync',
  },
  pgbouncer: program('pgbouncer'),
  haproxy: program('haproxy'),
  patroni: {
    isMet: () => succeeds('/usr/bin/python3', '-c', 'import patroni, etcd') && program('patroni').isMet(),
    how: 'Patroni: apt-get install patroni python3-etcd',
  },
  etcd: program('etcd', 'etcd-server'),
  chromium: program('chromium'),
  tmux: program('tmux'),
  strace: program('strace'),
  zsh: program('zsh'),
  fish: program('fish'),
  bash: program('bash'),
  curl: program('curl'),
  cc: program('cc', 'gcc'),
  buildah: program('buildah'),
  runc: program('runc'),
  sqlite3: program('sqlite3'),
  python3: {
    // Debian's python3-minimal lacks most modules.
    isMet: () => succeeds('python3', '-c', 'import configparser, pty, socket'),
    how: 'python3: apt-get install python3',
  },
  logrotate: program('logrotate'),
  mandoc: program('mandoc'),
  groff: program('groff'),
  debootstrap: program('debootstrap'),
  lintian: program('lintian'),
  'dpkg-shlibdeps': program('dpkg-shlibdeps', 'dpkg-dev'),
  openssl: program('openssl'),
  ps: program('ps', 'procps'),
  pgrep: program('pgrep', 'procps'),
  prlimit: program('prlimit', 'util-linux'),
  promtool: program('promtool', 'prometheus'),
  'systemd-analyze': program('systemd-analyze', 'systemd'),
  'systemd-notify': program('systemd-notify', 'systemd'),
  faketime: {
    isMet: () =>
      existsSync('/usr/lib') &&
      readdirSync('/usr/lib').some((name) => existsSync(`/usr/lib/${name}/faketime/libfaketimeMT.so.1`)),
    how: 'libfaketime: apt-get install faketime',
  },
  root: {
    isMet: () => process.getuid?.() === 0,
    how: 'the right to become another user: run the tests as root',
  },
  'pid namespaces': {
    isMet: () => succeeds('unshare', '--pid', '--fork', 'true'),
    how: 'the right to make process namespaces (unshare): run the tests as root',
  },
  'network namespaces': {
    isMet: () =>
      succeeds('unshare', '--net', '--mount', '--pid', '--fork', 'sh', '-c', network) &&
      program('systemd-socket-activate').isMet(),
    how: 'the right to make and cut networks: run the tests as root; apt-get install iproute2 iptables systemd',
  },
  mounts: {
    isMet: () => succeeds('unshare', '--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'),
    how: 'the right to mount file systems (mount, unshare): run the tests as root',
  },
} as const satisfies Record<string, Requirement>;

export type Need = keyof typeof requirements;

const met = new Map<Need, boolean>();

/**
 * Returns `it` and `describe` for tests that need programs or rights. If one is missing, the tests are
 * skipped and the summary of the run names it. With `CI=true` a missing one is a failure.
 */
export function needs(...names: readonly Need[]): {
  readonly it: typeof it | typeof it.skip;
  readonly describe: typeof describe | typeof describe.skip;
} {
  return missingOf(names).length === 0 ? {it, describe} : {it: it.skip, describe: describe.skip};
}

/** Skips the running test if one of these is missing; for helpers that start such a program. */
export function need(...names: readonly Need[]): void {
  const missing = missingOf(names);
  if (missing.length > 0)
    TestRunner.getCurrentTest<RunnerTestCase | undefined>()?.context.skip(
      `it needs ${missing.join(' and ')}`,
    );
}

/** Adds a line to the summary of the run. */
export function noteMissing(how: string): void {
  const list = process.env[MISSING_FILE];
  if (list !== undefined) appendFileSync(list, `${how}\n`);
}

/** @throws Error with `CI=true`, if one is missing */
function missingOf(names: readonly Need[]): readonly Need[] {
  const missing = names.filter((name) => !isMet(name));
  for (const name of missing) {
    const {how} = requirements[name];
    if (process.env['CI'] === 'true') throw new Error(`this test needs ${how}`);
    noteMissing(how);
  }
  return missing;
}

function isMet(name: Need): boolean {
  // `vitest list` leaves out skipped tests.
  if (process.env['UNIQUEID_TEST_LIST'] === '1') return true;
  const known = met.get(name) ?? requirements[name].isMet();
  met.set(name, known);
  return known;
}
