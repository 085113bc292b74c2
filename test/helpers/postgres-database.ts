import {randomUUID} from 'node:crypto';
import postgres from 'postgres';
import {inject, onTestFinished} from 'vitest';
import {parseDatabaseUrl} from '../../src/lib/config/database-url.js';
import {openStore} from '../../src/lib/store/open.js';
import type {OpenOptions, Store} from '../../src/lib/store/store.js';
import type {TestDatabase} from '../store/conformance.js';

/** A database of the running test alone, on a network server. */
export interface NetworkTestDatabase extends TestDatabase {
  readonly url: string;
}

/** Creates an empty database on PostgreSQL, dropped with the test. */
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
    open: (options?: OpenOptions) => openForTest(`${server}/${name}`, options),
    execute: async (text) => {
      await sql.unsafe(text);
    },
    query: async (text) => (await sql.unsafe(text).values()).map((row) => (row as unknown[]).map(String)),
  };
}

/** Opens a store by its URL, as commands do; closed with the test. */
export async function openForTest(url: string, options?: OpenOptions): Promise<Store> {
  const store = await openStore(parseDatabaseUrl(url), options);
  onTestFinished(() => store.close());
  return store;
}
