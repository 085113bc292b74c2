import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {createConnection} from 'mysql2/promise';
import {password, startMariadb} from '../../../test/helpers/databases/private-server.js';
import {runProgram} from '../run-program.js';
import {tablesOf, type Backup, type Source, type TrialDatabase} from './database.js';

/** Attempts to load a dump; a running server may insert a row between two of its statements. */
const LOADS = 20;

/** Starts a private MariaDB, in which each run has a database of its own. */
export async function startMariadbSource(): Promise<Source> {
  const server = await startMariadb();
  const login = [
    '--no-defaults',
    '-h',
    '127.0.0.1',
    '-P',
    String(server.port),
    '-u',
    'tester',
    `-p${password}`,
  ];
  const run = async (...all: readonly string[]): Promise<readonly (readonly string[])[]> => {
    const connection = await createConnection({
      uri: `${server.url}/mysql`,
      rowsAsArray: true,
      supportBigNumbers: true,
      bigNumberStrings: true,
    });
    try {
      let rows: readonly (readonly string[])[] = [];
      for (const text of all) {
        const [answer] = await connection.query(text);
        if (Array.isArray(answer)) rows = (answer as unknown[][]).map((row) => row.map(String));
      }
      return rows;
    } finally {
      connection.destroy();
    }
  };
  const create = (name: string): readonly string[] => [
    `CREATE DATABASE ${name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
    `USE ${name}`,
  ];
  let number = 0;
  const describe = (name: string, folder: string): TrialDatabase => {
    let backups = 0;
    return {
      env: {PEEWEE_URL: `${server.url}/${name}`},
      maxRestores: 3,
      backup: async (random): Promise<Backup> => {
        const file = join(folder, `backup-${++backups}.sql`);
        await runProgram('mariadb-dump', [...login, '--single-transaction', `--result-file=${file}`, name]);
        const isNew = random.percent(30);
        return {
          name: isNew
            ? 'mariadb-dump, into a new database of this name'
            : 'mariadb-dump, into the same database',
          restore: async () => {
            if (isNew) await run(`DROP DATABASE ${name}`, ...create(name));
            for (let load = 1; ; load++) {
              try {
                // From stdin, an error ends the load; the command `source` would go on.
                await runProgram('mariadb', [...login, name], {input: readFileSync(file, 'utf8')});
                return;
              } catch (error) {
                // A counter may collide, but nothing else that a server writes.
                if (load === LOADS || String(error).includes(`'identity'`)) throw error;
                await sleep(50);
              }
            }
          },
        };
      },
      counters: async () => {
        const rows = await run(`SELECT id, \`index\` FROM ${name}.uniqueindex`);
        return new Map(rows.map(([mode = '', next = '']) => [mode, BigInt(next)]));
      },
      remove: async () => {
        await run(`DROP DATABASE IF EXISTS ${name}`);
      },
    };
  };
  return {
    make: async (folder) => {
      const name = `run_${++number}`;
      await run(...create(name), ...tablesOf('`'));
      return describe(name, folder);
    },
    close: () => server.remove(),
  };
}
