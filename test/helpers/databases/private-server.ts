import {execFileSync, spawn, type ChildProcess, type SpawnOptions} from 'node:child_process';
import {once} from 'node:events';
import {chownSync, closeSync, existsSync, openSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:net';
import {delimiter, join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {makeGuardedFolder, type GuardedFolder} from '../folders/guarded-folder.js';

/** A database server of the tests' own, on a free port and in a temporary folder. */
export interface PrivateServer {
  /** Where it answers, as the beginning of a URL: a database's name is to follow. */
  readonly url: string;
  readonly port: number;
  /** Holds all that is its own; its data in the folder `data` there. */
  readonly folder: string;
  /** Ends it as a power failure would: at once, without a word to anybody; or as another signal asks it to. */
  readonly kill: (signal?: NodeJS.Signals) => Promise<void>;
  /** Whether the process that was started last is there. */
  readonly isRunning: () => boolean;
  /** Starts it again where it was, and waits until it answers. */
  readonly restart: () => Promise<void>;
  /** Ends it and removes its folder. */
  readonly remove: () => Promise<void>;
}

export const password = 'p;a#ss word%';

/** Runs as the first of these users that there is: both servers refuse to run as root. */
function asUser(...names: readonly string[]): {uid?: number; gid?: number} {
  if (process.getuid?.() !== 0) return {};
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const [, , uid, gid] = users.find(([name]) => names.includes(name ?? '')) ?? [];
  return {uid: Number(uid ?? 65_534), gid: Number(gid ?? 65_534)};
}

export const postgresUser = (): {uid?: number; gid?: number} => asUser('postgres');
export const mariadbUser = (): {uid?: number; gid?: number} => asUser('mysql');

/** Ports that no system hands to a connection on its way out, which could take one before its server does. */
const LEAST_PORT = 10_000;
const MOST_PORT = 30_000;

/** A free port: one that was free a moment ago. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = LEAST_PORT + Math.floor(Math.random() * (MOST_PORT - LEAST_PORT));
    const server = createServer().listen(port, '127.0.0.1');
    try {
      await once(server, 'listening');
    } catch {
      continue;
    }
    server.close();
    await once(server, 'close');
    return port;
  }
}

/** A folder that the server's user may write; `name` says whose it is. */
export function ownFolder(
  name: string,
  {uid, gid}: {uid?: number; gid?: number},
  within?: string,
): GuardedFolder {
  const folder = makeGuardedFolder(name, within);
  if (uid !== undefined && gid !== undefined) chownSync(folder.path, uid, gid);
  return folder;
}

/** The folder of PostgreSQL's programs, which Debian keeps outside PATH; `undefined` where there are none. */
export function findPostgres(): string | undefined {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...versions.map((version) => join(debian, version, 'bin')),
    ...(process.env['PATH'] ?? '').split(delimiter),
  ];
  return folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')));
}

/** The programs of MariaDB; `undefined` where they are not installed. */
export function findMariadb(): {server: string; install: string} | undefined {
  const find = (name: string): string | undefined =>
    ['/usr/sbin', '/usr/bin', ...(process.env['PATH'] ?? '').split(delimiter)]
      .map((folder) => join(folder, name))
      .find((path) => existsSync(path));
  const [server, install] = [find('mariadbd'), find('mariadb-install-db')];
  return server === undefined || install === undefined ? undefined : {server, install};
}

/**
 * @param settings further lines of postgresql.conf
 * @param within where its folder is made; without it among the system's temporary ones
 */
export async function startPostgres(
  settings: readonly string[] = [],
  within?: string,
): Promise<PrivateServer> {
  const programs = findPostgres();
  if (programs === undefined) throw new Error('PostgreSQL is not installed');
  const user = postgresUser();
  const guarded = ownFolder('postgres', user, within);
  const folder = guarded.path;
  const data = join(folder, 'data');
  const secret = join(folder, 'password');
  writeFileSync(secret, password, {mode: 0o644});
  const quiet = {cwd: folder, stdio: 'ignore', ...user} as const;
  execFileSync(
    join(programs, 'initdb'),
    [
      '-D',
      data,
      '-U',
      'tester',
      '-A',
      'scram-sha-256',
      `--pwfile=${secret}`,
      '-E',
      'UTF8',
      '--locale=C.UTF-8',
      '--no-sync',
    ],
    quiet,
  );
  const port = await freePort();
  const lines = [
    `port = ${port}`,
    `listen_addresses = '127.0.0.1'`,
    `unix_socket_directories = ''`,
    'max_connections = 200',
    ...settings,
  ];
  writeFileSync(join(data, 'postgresql.auto.conf'), `${lines.join('\n')}\n`);
  return runPostgres(guarded, port);
}

/** Starts PostgreSQL on what stands in the folder `data` of a guarded one. */
export function runPostgres(folder: GuardedFolder, port: number): Promise<PrivateServer> {
  const programs = findPostgres();
  if (programs === undefined) throw new Error('PostgreSQL is not installed');
  const options = {cwd: folder.path, stdio: 'ignore', ...postgresUser()} as const;
  const answers = (): boolean => {
    try {
      execFileSync(join(programs, 'pg_isready'), ['-h', '127.0.0.1', '-p', String(port)], options);
      return true;
    } catch {
      return false;
    }
  };
  return control({
    name: 'PostgreSQL',
    start: (log) =>
      spawn(join(programs, 'postgres'), ['-D', join(folder.path, 'data')], {
        ...options,
        stdio: ['ignore', log, log],
        detached: true,
      }),
    // An immediate shutdown: all connections are cut, and the next start recovers from the log.
    end: 'SIGQUIT',
    answers,
    folder,
    port,
    url: `postgresql://tester:${encodeURIComponent(password)}@127.0.0.1:${port}`,
  });
}

/**
 * @param settings further options of mariadbd
 * @param within where its folder is made; without it among the system's temporary ones
 */
export async function startMariadb(
  settings: readonly string[] = [],
  within?: string,
): Promise<PrivateServer> {
  const folder = ownFolder('mariadb', mariadbUser(), within);
  const init = installMariadb(folder);
  return runMariadb(folder, await freePort(), () => [`--init-file=${init}`, ...settings]);
}

/** A MariaDB that starts removes the temporary tables of every other one that has the same folder for them. */
function ownTemporaryFiles({path}: GuardedFolder): {cwd: string; env: NodeJS.ProcessEnv} {
  return {cwd: path, env: {...process.env, TMPDIR: path}};
}

/** Fills the folder `data` of a guarded one; returns a file for `--init-file` that creates the user of the tests. */
export function installMariadb(folder: GuardedFolder): string {
  const programs = findMariadb();
  if (programs === undefined) throw new Error('MariaDB is not installed');
  const data = `--datadir=${join(folder.path, 'data')}`;
  execFileSync(
    programs.install,
    ['--no-defaults', data, '--auth-root-authentication-method=normal', '--skip-test-db'],
    {...ownTemporaryFiles(folder), stdio: 'ignore', ...mariadbUser()},
  );
  const init = join(folder.path, 'init.sql');
  const escaped = password.replaceAll("'", "''");
  writeFileSync(
    init,
    `CREATE USER IF NOT EXISTS tester@'%' IDENTIFIED BY '${escaped}';\nGRANT ALL ON *.* TO tester@'%' WITH GRANT OPTION;\n`,
    {mode: 0o644},
  );
  return init;
}

/**
 * Starts MariaDB on what stands in the folder `data` of a guarded one.
 *
 * @param settings further options, asked for at each start
 */
export function runMariadb(
  folder: GuardedFolder,
  port: number,
  settings: () => readonly string[],
): Promise<PrivateServer> {
  const programs = findMariadb();
  if (programs === undefined) throw new Error('MariaDB is not installed');
  const options: SpawnOptions = {...ownTemporaryFiles(folder), detached: true, ...mariadbUser()};
  const args = [
    '--no-defaults',
    `--datadir=${join(folder.path, 'data')}`,
    `--socket=${join(folder.path, 'socket')}`,
    `--pid-file=${join(folder.path, 'pid')}`,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    '--max-connections=300',
    '--innodb-buffer-pool-size=64M',
  ];
  const answers = (): boolean => {
    try {
      execFileSync(
        'mariadb',
        [
          ...['--no-defaults', '-h', '127.0.0.1', '-P', String(port), '-u', 'tester'],
          ...[`-p${password}`, '-e', 'SELECT 1'],
        ],
        {stdio: 'ignore'},
      );
      return true;
    } catch {
      return false;
    }
  };
  return control({
    name: 'MariaDB',
    start: (log) =>
      spawn(programs.server, [...args, ...settings()], {...options, stdio: ['ignore', log, log]}),
    end: 'SIGKILL',
    answers,
    folder,
    port,
    url: `mysql://tester:${encodeURIComponent(password)}@127.0.0.1:${port}`,
  });
}

interface Control {
  readonly name: string;
  /** @param log a descriptor for all that the server says */
  readonly start: (log: number) => ChildProcess;
  readonly end: NodeJS.Signals;
  readonly answers: () => boolean;
  readonly folder: GuardedFolder;
  readonly port: number;
  readonly url: string;
}

async function control({name, start, end, answers, folder, port, url}: Control): Promise<PrivateServer> {
  let running: ChildProcess | undefined;
  const log = join(folder.path, 'log');
  const restart = async (): Promise<void> => {
    const descriptor = openSync(log, 'a');
    const started = start(descriptor);
    closeSync(descriptor);
    running = started;
    folder.watch(started.pid);
    const deadline = performance.now() + 60_000;
    while (!answers()) {
      const hasEnded = started.exitCode !== null || started.signalCode !== null;
      if (hasEnded || performance.now() > deadline)
        throw new Error(
          `${name} does not start in ${folder.path}:\n${readFileSync(log, 'utf8').slice(-3000)}`,
        );
      await sleep(50);
    }
  };
  const kill = async (signal = end): Promise<void> => {
    const child = running;
    running = undefined;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, 'exit');
    child.kill(signal);
    await closed;
    folder.watch(undefined);
  };
  await restart();
  return {
    url,
    port,
    folder: folder.path,
    kill,
    isRunning: () => running?.exitCode === null && running.signalCode === null,
    restart,
    remove: async () => {
      await kill();
      await folder.remove();
    },
  };
}
