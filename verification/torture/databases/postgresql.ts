import postgres from 'postgres';
import {startPostgres} from '../../../test/helpers/databases/private-server.js';
import {startProxy} from '../proxy.js';
import type {TortureDatabase} from './database.js';

/** Starts a private PostgreSQL behind a proxy. */
export async function makePostgresqlDatabase(folder: string): Promise<TortureDatabase> {
  // A small log, so that a full disk has an effect immediately.
  const settings = ['min_wal_size = 32MB', 'max_wal_size = 64MB', 'restart_after_crash = on'];
  const process = await startPostgres(settings, folder);
  const proxy = await startProxy(process.port);
  const url = `${process.url}/postgres`;
  const run: TortureDatabase['run'] = async (statements) => {
    const sql = postgres(url, {max: 1, connect_timeout: 5, fetch_types: false, onnotice: () => undefined});
    try {
      let rows: readonly (readonly string[])[] = [];
      for (const text of statements)
        rows = (await sql.unsafe(text).values()).map((row) => (row as unknown[]).map(String));
      return rows;
    } finally {
      await sql.end({timeout: 1});
    }
  };
  return {
    kind: 'postgresql',
    env: {PEEWEE_URL: url.replace(`:${process.port}/`, `:${proxy.port}/`)},
    server: {
      process,
      proxy,
      kill: {name: 'killed', signal: 'SIGKILL'},
      stopAtOnce: {name: 'stopped immediately', signal: 'SIGQUIT'},
      shutDown: {name: 'restarted', signal: 'SIGINT'},
      // The parameters of a prepared statement: a list of modes.
      isAllocation: (bytes) => bytes.includes('{"'),
      // The tag of a finished INSERT, which leaves the server together with the end of its transaction.
      isCommitted: (bytes) => bytes.includes('INSERT 0 '),
      backends: async () => {
        const rows = await run([`SELECT pid FROM pg_stat_activity WHERE application_name = 'uniqueid'`]);
        return rows.map(([pid]) => Number(pid));
      },
      setReadOnly: async (isReadOnly) => {
        const value = isReadOnly ? 'on' : 'off';
        await run([
          'SET default_transaction_read_only = off',
          `ALTER SYSTEM SET default_transaction_read_only = ${value}`,
          'SELECT pg_reload_conf()',
        ]);
      },
    },
    run,
    backup: async () => {
      const rows = await run(['SELECT "id", "index" FROM uniqueindex']);
      return async () => {
        const inserts = rows.map(([mode, next]) => `INSERT INTO uniqueindex VALUES ('${mode}', ${next})`);
        await run([
          'BEGIN',
          'DROP TABLE uniqueindex',
          'CREATE TABLE uniqueindex ("id" VARCHAR(255) NOT NULL PRIMARY KEY, "index" BIGINT NOT NULL)',
          ...inserts,
          'COMMIT',
        ]);
      };
    },
    // Each statement begins another segment of the log.
    needSpace: Array.from({length: 8}, () => `SELECT pg_switch_wal(), pg_logical_emit_message(true, '', '')`),
    remove: async () => {
      await proxy.close();
      await process.remove();
    },
  };
}
