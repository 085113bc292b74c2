import {execFileSync, spawn, type ChildProcess, type SpawnOptions} from 'node:child_process';
import {once} from 'node:events';
import {chownSync, closeSync, existsSync, openSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:net';
import {delimiter, join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {makeGuardedFolder, type GuardedFolder} from '../folders/guarded-folder.js';

/** A database server that the tests start on a free port and in a temporary folder. */
export interface PrivateServer {
  /** The URL of the server, without a database. */
  readonly url: string;
  readonly port: number;
  /** The folder of its files; the data is in the subfolder `data`. */
  readonly folder: string;
  /** Ends the server immediately, as a power failure would; another signal may shut it down. */
  readonly kill: (signal?: NodeJS.Signals) => Promise<void>;
  /** Returns true if its last process still runs. */
  readonly isRunning: () => boolean;
  /** Starts it again with the same port and data, and waits until it answers. */
  readonly restart: () => Promise<void>;
  /** Ends the server, and removes its folder. */
  readonly remove: () => Promise<void>;
}

export const password = 'p;a#ss word%';

/** Returns the ids of the first user that exists: neither server runs as root. */
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

/** Below the ephemeral ports: an outgoing connection cannot take the port before its server does. */
const MIN_PORT = 10_000;
const MAX_PORT = 30_000;

/** The ports that this process has returned: a server may bind its own only later. */
const taken = new Set<number>();

/** Returns a port that was free a moment ago, and each one only once. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = MIN_PORT + Math.floor(Math.random() * (MAX_PORT - MIN_PORT));
    if (taken.has(port)) continue;
    const server = createServer().listen(port, '127.0.0.1');
    try {
      await once(server, 'listening');
    } catch {
      continue;
    }
    server.close();
    await once(server, 'close');
    taken.add(port);
    return port;
  }
}

/** Makes a folder that the user of a server may write; its path contains `name`. */
export function ownFolder(
  name: string,
  {uid, gid}: {uid?: number; gid?: number},
  within?: string,
): GuardedFolder {
  const folder = makeGuardedFolder(name, within);
  if (uid !== undefined && gid !== undefined) chownSync(folder.path, uid, gid);
  return folder;
}

/** Returns the folder of PostgreSQL's programs, which Debian keeps outside PATH; `undefined` for none. */
export function findPostgres(): string | undefined {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...versions.map((version) => join(debian, version, 'bin')),
    ...(process.env['PATH'] ?? '').split(delimiter),
  ];
  return folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')));
}

/** Returns the paths of MariaDB's programs; `undefined` if they are not installed. */
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
 * @param within the parent of its folder; the default is the folder for temporary files
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

/** Starts PostgreSQL on the subfolder `data` of a guarded folder. */
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
    // An immediate shutdown cuts all connections; the next start recovers from the WAL.
    end: 'SIGQUIT',
    answers,
    folder,
    port,
    url: `postgresql://tester:${encodeURIComponent(password)}@127.0.0.1:${port}`,
  });
}

/**
 * @param settings further options of mariadbd
 * @param within the parent of its folder; the default is the folder for temporary files
 */
export async function startMariadb(
  settings: readonly string[] = [],
  within?: string,
): Promise<PrivateServer> {
  const folder = ownFolder('mariadb', mariadbUser(), within);
  const init = installMariadb(folder);
  return runMariadb(folder, await freePort(), () => [`--init-file=${init}`, ...settings]);
}

/** A starting MariaDB removes the temporary tables of every other server with the same TMPDIR. */
function ownTemporaryFiles({path}: GuardedFolder): {cwd: string; env: NodeJS.ProcessEnv} {
  return {cwd: path, env: {...process.env, TMPDIR: path}};
}

/** Fills the subfolder `data`; returns an `--init-file` that creates the user of the tests. */
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
 * Starts MariaDB on the subfolder `data` of a guarded folder.
 *
 * @param settings returns further options for each start
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
  /** @param log the descriptor for its output */
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
