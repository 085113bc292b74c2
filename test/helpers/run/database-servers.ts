import type {TestProject} from 'vitest/node';
import {
  findMariadb,
  findPostgres,
  startMariadb,
  startPostgres,
  type PrivateServer,
} from '../databases/private-server.js';

/** Starts the database servers once per run, for the projects whose tests need them. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
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
  project.provide('postgresUrl', postgres.url);
  project.provide('mysqlUrl', mariadb.url);
  return async () => {
    await postgres.server?.remove();
    await mariadb.server?.remove();
  };
}

interface Offer {
  readonly url: string;
  readonly server?: PrivateServer;
}

/** Returns a server that runs already, or starts one. Without both, prints that its tests are skipped. */
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
    // The set-up of the next project reads it.
    process.env[variable] = server.url;
    return {url: server.url, server};
  }
  const line = `${name} is not installed and ${variable} is not set: its tests are skipped.`;
  if (process.env['CI'] === 'true') throw new Error(line);
  process.stderr.write(`\n${line}\n\n`);
  return {url: ''};
}
