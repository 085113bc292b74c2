import {randomUUID} from 'node:crypto';
import postgres from 'postgres';
import {inject, onTestFinished} from 'vitest';
import {openForTest, type NetworkTestDatabase} from './network-database.js';

/** Creates an empty database on PostgreSQL, and drops it with the test. */
export async function makePostgresDatabase(
  server = inject('postgresUrl'),
  encoding = 'UTF8',
): Promise<NetworkTestDatabase> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  const admin = postgres(`${server}/postgres`, {max: 1, onnotice: () => undefined});
  await admin.unsafe(`CREATE DATABASE ${name} TEMPLATE template0 ENCODING '${encoding}' LOCALE 'C'`);
  const sql = postgres(`${server}/${name}`, {
    max: 1,
    onnotice: () => undefined,
    types: {bigint: postgres.BigInt},
  });
  onTestFinished(async () => {
    await sql.end();
    await admin.unsafe(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await admin.end();
  });
  return {
    url: `${server}/${name}`,
    open: (options) => openForTest(`${server}/${name}`, options),
    execute: async (text) => {
      await sql.unsafe(text);
    },
    query: async (text) => (await sql.unsafe(text).values()).map((row) => (row as unknown[]).map(String)),
  };
}
