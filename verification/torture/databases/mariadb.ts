import {createConnection} from 'mysql2/promise';
import {startMariadb} from '../../../test/helpers/databases/private-server.js';
import {startProxy} from '../proxy.js';
import type {TortureDatabase} from './database.js';

/** The status flag of an answer that more answers follow. */
const MORE_FOLLOW = 0x0008;

/** Starts a private MariaDB behind a proxy; the servers' user is bound by `read_only`. */
export async function makeMariadbDatabase(folder: string): Promise<TortureDatabase> {
  const process = await startMariadb(
    ['--innodb-log-file-size=8M', '--innodb-data-file-path=ibdata1:12M:autoextend'],
    folder,
  );
  const proxy = await startProxy(process.port);
  const name = 'torture';
  const run: TortureDatabase['run'] = async (statements) => {
    const connection = await createConnection({
      uri: `${process.url}/mysql`,
      rowsAsArray: true,
      supportBigNumbers: true,
      bigNumberStrings: true,
      connectTimeout: 5000,
    });
    try {
      let rows: readonly (readonly string[])[] = [];
      for (const text of statements) {
        const [answer] = await connection.query(text);
        if (Array.isArray(answer)) rows = (answer as unknown[][]).map((row) => row.map(String));
      }
      return rows;
    } finally {
      connection.destroy();
    }
  };
  const here = (...statements: string[]): string[] => [`USE ${name}`, ...statements];
  await run([
    `CREATE DATABASE ${name}`,
    `CREATE USER service@'%' IDENTIFIED BY 'secret'`,
    `GRANT SELECT, INSERT, UPDATE, CREATE, DROP ON ${name}.* TO service@'%'`,
  ]);
  const kill = {name: 'killed', signal: 'SIGKILL'} as const;
  return {
    kind: 'mariadb',
    env: {PEEWEE_URL: `mysql://service:secret@127.0.0.1:${proxy.port}/${name}`},
    server: {
      process,
      proxy,
      kill,
      stopAtOnce: kill,
      shutDown: {name: 'restarted', signal: 'SIGTERM'},
      isAllocation: (bytes) => bytes.includes('; COMMIT'),
      // The last of several answers is that to COMMIT: 7 bytes, without the flag that more follow.
      isCommitted: (bytes) => {
        const at = bytes.length - 11;
        if (at <= 0 || bytes.readUInt32LE(at) % 0x1_00_00_00 !== 7 || bytes[at + 4] !== 0) return false;
        return (bytes.readUInt16LE(at + 7) & MORE_FOLLOW) === 0;
      },
      backends: () => Promise.resolve([]),
      setReadOnly: async (isReadOnly) => {
        await run([`SET GLOBAL read_only = ${isReadOnly ? 1 : 0}`]);
      },
    },
    run: (statements) => run(here(...statements)),
    backup: async () => {
      const rows = await run(here('SELECT id, `index` FROM uniqueindex'));
      return async () => {
        const inserts = rows.map(([mode, next]) => `INSERT INTO restored VALUES ('${mode}', ${next})`);
        await run(
          here(
            'CREATE TABLE restored LIKE uniqueindex',
            ...inserts,
            'RENAME TABLE uniqueindex TO replaced, restored TO uniqueindex',
            'DROP TABLE replaced',
          ),
        );
      };
    },
    needSpace: [],
    remove: async () => {
      await proxy.close();
      await process.remove();
    },
  };
}
