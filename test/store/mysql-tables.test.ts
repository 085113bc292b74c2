import {setTimeout as sleep} from 'node:timers/promises';
import {expect, it} from 'vitest';
import {Allocator} from '../../src/lib/allocation/allocator.js';
import {migrate} from '../../src/lib/store/schema/migrate.js';
import type {Store} from '../../src/lib/store/store.js';
import {makeMysqlDatabase} from '../helpers/mysql-database.js';
import {needs} from '../helpers/needs.js';
import type {NetworkTestDatabase} from '../helpers/network-database.js';

/** The statements that peewee 3 sends for the Python service's models; the database's default decides the rest. */
const peeweeTables = [
  'CREATE TABLE IF NOT EXISTS `uniqueindex` (`id` VARCHAR(255) NOT NULL PRIMARY KEY, `index` BIGINT NOT NULL)',
  'CREATE TABLE IF NOT EXISTS `uniqueindexsystem` (`part` VARCHAR(255) NOT NULL PRIMARY KEY, `value` INTEGER NOT NULL)',
  `INSERT INTO uniqueindexsystem VALUES ('major', 1), ('minor', 0)`,
  `INSERT INTO uniqueindex VALUES ('file', 251038)`,
];

async function pythonDatabase(): Promise<{database: NetworkTestDatabase; store: Store}> {
  const database = await makeMysqlDatabase();
  for (const statement of peeweeTables) await database.execute(statement);
  return {database, store: await database.open()};
}

const collation = `SELECT table_collation FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'uniqueindex'`;

needs('mariadb').describe('a table that the Python service made on MariaDB', () => {
  it('is continued as it is, and never converted', async () => {
    const {database, store} = await pythonDatabase();
    expect(await migrate(store)).toMatchObject({before: '1.0', steps: []});
    expect(await store.advance([{mode: 'file', count: 10n}], 0n)).toEqual([{next: 251_048n}]);
    expect(await database.query(collation)).toEqual([['latin1_swedish_ci']]);
  });

  it('keeps one counter for modes that it takes for one, also within a group', async () => {
    const {database, store} = await pythonDatabase();
    const allocator = new Allocator(store, {firstIndex: 0n, requestTimeoutMs: 5000, maxQueue: 10});
    // Few of them are taken each by a statement, many all together.
    let next = 251_038n;
    for (const modes of [
      ['file', 'FILE', 'File'],
      ['FILE', 'FILe', 'FIlE', 'FIle', 'FiLE', 'FiLe', 'FilE', 'File', 'fILE', 'file'],
    ]) {
      const taken = await Promise.all(modes.map((mode) => allocator.allocate(mode, 10n)));
      const starts = taken.map(({start}) => start).sort();
      expect(starts).toEqual(modes.map((_, index) => next + 10n * BigInt(index)));
      next += 10n * BigInt(modes.length);
      expect(await database.query('SELECT * FROM uniqueindex')).toEqual([['file', `${next}`]]);
    }
    expect((await store.facts()).warnings).toEqual([
      expect.stringContaining('case-insensitive (latin1_swedish_ci)'),
    ]);
  });

  it('refuses a mode that its character set cannot hold, alone, and stores no question marks', async () => {
    const {database, store} = await pythonDatabase();
    const allocator = new Allocator(store, {firstIndex: 0n, requestTimeoutMs: 5000, maxQueue: 10});
    const results = await Promise.allSettled(
      ['file', 'Файл', 'naïve', '🗂'].map((mode) => allocator.allocate(mode, 1n)),
    );
    expect(results).toMatchObject([
      {value: {start: 251_038n}},
      {reason: {code: 'INVALID_MODE', httpStatus: 400}},
      {value: {start: 0n}},
      {reason: {code: 'INVALID_MODE'}},
    ]);
    expect(await database.query('SELECT id FROM uniqueindex ORDER BY id')).toEqual([['file'], ['naïve']]);
  });
});

needs('mariadb').describe('a table of our own on MariaDB', () => {
  it('compares bytes, whatever the default of the database', async () => {
    const database = await makeMysqlDatabase();
    await migrate(await database.open());
    expect(await database.query(collation)).toEqual([['utf8mb4_nopad_bin']]);
  });

  it('is written under our own rules, whatever those of the server', async () => {
    const database = await makeMysqlDatabase();
    const before = await database.query(
      'SELECT @@GLOBAL.sql_mode, @@GLOBAL.tx_isolation, @@GLOBAL.autocommit',
    );
    await database.execute(
      `SET GLOBAL sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES', GLOBAL tx_isolation = 'SERIALIZABLE', GLOBAL autocommit = 0`,
    );
    try {
      const store = await database.open();
      await migrate(store);
      const mode = `it's \\ "`;
      expect(await store.advance([{mode, count: 1n}], 0n)).toEqual([{next: 1n}]);
      expect(await database.query('SELECT id FROM uniqueindex')).toEqual([[mode]]);
      await database.execute('INSERT INTO uniqueindex VALUES (0x66756c6c, 9223372036854775807)');
      await database.execute('COMMIT');
      expect(await store.advance([{mode: 'full', count: 1n}], 0n)).toEqual([{remaining: 0n}]);
    } finally {
      const [[mode = '', isolation = '', autocommit = '']] = before as [string[]];
      await database.execute(
        `SET GLOBAL sql_mode = '${mode}', GLOBAL tx_isolation = '${isolation}', GLOBAL autocommit = ${autocommit}`,
      );
    }
  });

  it.each([
    {errno: 1180, what: 'a node of Galera lost its cluster while it committed'},
    {errno: 1317, what: 'somebody has interrupted the statement'},
    {errno: 1969, what: 'the statement took longer than the server allows'},
  ])('is tried again where $what', async ({errno}) => {
    const {database, store} = await pythonDatabase();
    await database.execute(
      `CREATE TRIGGER failing BEFORE UPDATE ON uniqueindex FOR EACH ROW SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = ${errno}`,
    );
    const allocator = new Allocator(store, {firstIndex: 0n, requestTimeoutMs: 30_000, maxQueue: 10});
    const taken = allocator.allocate('file', 10n);
    while (allocator.lastFailure() === undefined) await sleep(5);
    await database.execute('DROP TRIGGER failing');
    expect(await taken).toEqual({start: 251_038n, end: 251_047n});
  });
});
