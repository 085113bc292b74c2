import {rmSync} from 'node:fs';
import {join} from 'node:path';
import postgres from 'postgres';
import {
  findPostgres,
  password,
  startPostgres,
  type PrivateServer,
} from '../../../test/helpers/databases/private-server.js';
import type {Random} from '../../../test/helpers/random.js';
import {runProgram} from '../run-program.js';
import {tablesOf, type Backup, type Source, type TrialDatabase} from './database.js';

/** Starts a private PostgreSQL, in which each run has a database of its own. */
export async function startPostgresqlSource(): Promise<Source> {
  const server = await startPostgres();
  let number = 0;
  return {
    make: async (folder) => {
      const name = `run_${++number}`;
      await statements(server, 'postgres', [`CREATE DATABASE ${name}`]);
      await statements(server, name, tablesOf('"'));
      return describe(server, name, folder);
    },
    close: () => server.remove(),
  };
}

function describe(server: PrivateServer, name: string, folder: string): TrialDatabase {
  const drop = (): Promise<unknown> =>
    statements(server, 'postgres', [`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`]);
  const program = (tool: string, ...args: readonly string[]): Promise<void> =>
    runProgram(
      join(findPostgres() ?? '', tool),
      ['-h', '127.0.0.1', '-p', String(server.port), '-U', 'tester', ...args],
      {env: {PGPASSWORD: password}},
    );
  let backups = 0;
  const fromDump = async (random: Random): Promise<Backup> => {
    const file = join(folder, `backup-${++backups}.dump`);
    await program('pg_dump', '-Fc', '-f', file, name);
    const isNew = random.percent(30);
    return {
      name: isNew ? 'pg_dump, into a new database of this name' : 'pg_dump, into the same database',
      restore: async () => {
        const into = ['--single-transaction', '-d', name, file];
        if (!isNew) return program('pg_restore', '--clean', '--if-exists', ...into);
        await drop();
        await statements(server, 'postgres', [`CREATE DATABASE ${name}`]);
        await program('pg_restore', ...into);
      },
    };
  };
  const fromFiles = async (): Promise<Backup> => {
    const data = join(server.folder, 'data');
    const copy = join(server.folder, `backup-${++backups}`);
    await server.kill('SIGINT');
    await copyFolder(data, copy);
    await server.restart();
    return {
      name: 'copy of the data folder',
      restore: async () => {
        await server.kill();
        await copyFolder(copy, data);
        await server.restart();
      },
    };
  };
  return {
    env: {PEEWEE_URL: `${server.url}/${name}`},
    maxRestores: 3,
    backup: (random) => (random.percent(25) ? fromFiles() : fromDump(random)),
    counters: () => readCounters(server, name),
    remove: async () => {
      for (; backups > 0; backups--)
        rmSync(join(server.folder, `backup-${backups}`), {recursive: true, force: true});
      await drop();
    },
  };
}

/** Replaces a folder by a copy of another one, with the owners of all files. */
export async function copyFolder(from: string, to: string): Promise<void> {
  rmSync(to, {recursive: true, force: true});
  await runProgram('cp', ['-a', from, to]);
}

/** Runs statements in order, and returns the rows of the last one. */
async function statements(
  server: PrivateServer,
  database: string,
  all: readonly string[],
): Promise<readonly (readonly string[])[]> {
  const url = `${server.url}/${database}`;
  const sql = postgres(url, {max: 1, connect_timeout: 10, fetch_types: false, onnotice: () => undefined});
  try {
    let rows: readonly (readonly string[])[] = [];
    for (const text of all)
      rows = (await sql.unsafe(text).values()).map((row) => (row as unknown[]).map(String));
    return rows;
  } finally {
    await sql.end({timeout: 1});
  }
}

export async function readCounters(
  server: PrivateServer,
  database: string,
): Promise<ReadonlyMap<string, bigint>> {
  const rows = await statements(server, database, ['SELECT "id", "index" FROM uniqueindex']);
  return new Map(rows.map(([mode = '', next = '']) => [mode, BigInt(next)]));
}
