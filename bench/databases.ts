import {findMariadb, findPostgres, startMariadb, startPostgres} from '../test/helpers/private-server.js';

/** A database to serve from, and what ends it. */
export interface Base {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  readonly remove: () => Promise<void>;
}

/** SQLite, and the network databases that are installed. */
export async function startDatabases(say: (line: string) => void): Promise<readonly Base[]> {
  const bases: Base[] = [{name: 'SQLite', env: {}, remove: () => Promise.resolve()}];
  if (findPostgres() === undefined) say('PostgreSQL is not installed: left out.');
  else {
    const {url, remove} = await startPostgres();
    bases.push({name: 'PostgreSQL', env: {PEEWEE_URL: `${url}/postgres`}, remove});
  }
  if (findMariadb() === undefined) say('MariaDB is not installed: left out.');
  else {
    const {url, remove} = await startMariadb();
    bases.push({name: 'MariaDB', env: {PEEWEE_URL: `${url}/mysql`}, remove});
  }
  return bases;
}
