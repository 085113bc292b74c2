import {execFileSync} from 'node:child_process';
import {chmodSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import type {TestProject} from 'vitest/node';
import {makeGuardedFolder} from '../folders/guarded-folder.js';
import {MISSING_FILE} from './missing-file.js';
import {
  findMariadb,
  findPostgres,
  startMariadb,
  startPostgres,
  type PrivateServer,
} from '../databases/private-server.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** URLs of the servers that all test files share, each through databases of its own; empty where there is none. */
    postgresUrl: string;
    mysqlUrl: string;
    /** Where the tests make their folders. */
    workspaces: string;
  }
}

/** Compiles the commands, which are tested as users run them, and starts the database servers once a run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  compile();
  const postgres = await offer(
    'PostgreSQL',
    'UNIQUEID_TEST_POSTGRES_URL',
    findPostgres() !== undefined,
    startPostgres,
  );
  const mariadb = await offer(
    'MariaDB',
    'UNIQUEID_TEST_MYSQL_URL',
    findMariadb() !== undefined,
    startMariadb,
  );
  const workspaces = makeGuardedFolder('tests');
  // Some tests act as another user.
  chmodSync(workspaces.path, 0o755);
  // Inherited by the processes of the tests, which append to it; the reporter reads it.
  process.env[MISSING_FILE] = join(workspaces.path, 'missing');
  project.provide('workspaces', workspaces.path);
  project.provide('postgresUrl', postgres.url);
  project.provide('mysqlUrl', mariadb.url);
  return async () => {
    await postgres.server?.remove();
    await mariadb.server?.remove();
    await workspaces.remove();
  };
}

const root = fileURLToPath(new URL('../../../', import.meta.url));

function compile(): void {
  execFileSync(process.execPath, [join(root, 'scripts', 'bundle.js')], {cwd: root, stdio: 'inherit'});
}

interface Offer {
  readonly url: string;
  readonly server?: PrivateServer;
}

/** A server that somebody runs already, or one of our own, or none: then its tests are skipped with one visible line. */
async function offer(
  name: string,
  variable: string,
  isInstalled: boolean,
  start: () => Promise<PrivateServer>,
): Promise<Offer> {
  const given = process.env[variable];
  if (given !== undefined && given !== '') return {url: given.replace(/\/+$/, '')};
  if (isInstalled) {
    const server = await start();
    return {url: server.url, server};
  }
  const line = `${name} is not installed and ${variable} is not set: its tests are skipped.`;
  if (process.env['CI'] === 'true') throw new Error(line);
  process.stderr.write(`\n${line}\n\n`);
  return {url: ''};
}
