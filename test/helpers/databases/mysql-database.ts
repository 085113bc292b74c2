import {randomUUID} from 'node:crypto';
import {createConnection} from 'mysql2/promise';
import {inject, onTestFinished} from 'vitest';
import {openForTest, type NetworkTestDatabase} from './network-database.js';

/**
 * Creates an empty database on MySQL or MariaDB, and drops it with the test.
 *
 * @param defaults the default character set and collation of new tables
 */
export async function makeMysqlDatabase(
  server = inject('mysqlUrl'),
  defaults = 'CHARACTER SET latin1 COLLATE latin1_swedish_ci',
): Promise<NetworkTestDatabase> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  const options = {
    charset: 'utf8mb4_bin',
    rowsAsArray: true,
    supportBigNumbers: true,
    bigNumberStrings: true,
  };
  const connection = await createConnection({uri: `${server}/mysql`, ...options});
  await connection.query(`CREATE DATABASE ${name} ${defaults}`);
  await connection.query(`USE ${name}`);
  onTestFinished(async () => {
    await connection.query(`DROP DATABASE IF EXISTS ${name}`);
    await connection.end();
  });
  return {
    url: `${server}/${name}`,
    open: (storeOptions) => openForTest(`${server}/${name}`, storeOptions),
    execute: async (text) => {
      await connection.query(text);
    },
    query: async (text) => {
      const [rows] = await connection.query(text);
      return (rows as unknown[][]).map((row) => row.map(String));
    },
  };
}
