import mysql from 'mysql2/promise';
import postgres from 'postgres';
import {
  findMariadb,
  findPostgres,
  startMariadb,
  startPostgres,
} from '../test/helpers/databases/private-server.js';

/** A database to serve from. */
export interface BenchDatabase {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  /** Adds modes to the existing tables; missing for SQLite. */
  readonly fill?: (modes: number) => Promise<void>;
  readonly remove: () => Promise<void>;
}

/** Returns SQLite, and starts the network databases that are installed. */
export async function startDatabases(print: (line: string) => void): Promise<readonly BenchDatabase[]> {
  const databases: BenchDatabase[] = [{name: 'SQLite', env: {}, remove: () => Promise.resolve()}];
  if (findPostgres() === undefined) print('PostgreSQL is not installed: left out.');
  else {
    const {url, remove} = await startPostgres();
    const fill = async (modes: number): Promise<void> => {
      const sql = postgres(`${url}/postgres`, {max: 1});
      await sql`INSERT INTO uniqueindex SELECT 'mode' || mode, 0 FROM generate_series(0, ${modes - 1}::int) AS mode
        ON CONFLICT DO NOTHING`;
      await sql`VACUUM ANALYZE uniqueindex`;
      await sql.end();
    };
    databases.push({name: 'PostgreSQL', env: {PEEWEE_URL: `${url}/postgres`}, fill, remove});
  }
  if (findMariadb() === undefined) print('MariaDB is not installed: left out.');
  else {
    const {url, remove} = await startMariadb();
    const fill = async (modes: number): Promise<void> => {
      const connection = await mysql.createConnection(`${url}/mysql`);
      await connection.query(
        `INSERT IGNORE INTO uniqueindex SELECT CONCAT('mode', seq), 0 FROM seq_0_to_${modes - 1}`,
      );
      await connection.end();
    };
    databases.push({name: 'MariaDB', env: {PEEWEE_URL: `${url}/mysql`}, fill, remove});
  }
  return databases;
}
