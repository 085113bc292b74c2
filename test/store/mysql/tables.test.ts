import {dirname, join} from 'node:path';
import {expect, it, onTestFinished} from 'vitest';
import {Allocator} from '../../../src/lib/allocation/allocator.js';
import {MarksFile} from '../../../src/lib/allocation/memory/marks-file.js';
import {MAX_COUNTER} from '../../../src/lib/core/range.js';
import {toUniqueIDError} from '../../../src/lib/core/errors.js';
import * as statements from '../../../src/lib/store/mysql/statements.js';
import {foldedEpochKey} from '../../../src/lib/store/epochs.js';
import {keysOf} from '../../../src/lib/allocation/marks/spelling.js';
import {migrate} from '../../../src/lib/store/schema/migrate.js';
import type {Store} from '../../../src/lib/store/store.js';
import {makeMysqlDatabase} from '../../helpers/databases/mysql-database.js';
import {needs} from '../../helpers/run/needs.js';
import {makeWorkspace} from '../../helpers/folders/workspace.js';
import {openForTest, type NetworkTestDatabase} from '../../helpers/databases/network-database.js';
import {startMariadb} from '../../helpers/databases/private-server.js';
import {observe} from '../../helpers/databases/observed-store.js';
import {startProxy} from '../../helpers/network/tcp-proxy.js';
import {claim, granted} from '../../helpers/databases/claims.js';

const options = {firstIndex: 0n, requestTimeoutMs: 5000, maxQueue: 10_000};

/** The statements that peewee 3 sends for the Python service's models; the rest is the database's default. */
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

/** Lists the collations, and their character sets, that keep ASCII as it is. */
const collationsOfBytes = `
  SELECT full_collation_name, character_set_name FROM information_schema.collation_character_set_applicability
  WHERE character_set_name NOT IN ('ucs2', 'utf16', 'utf16le', 'utf32', 'binary')`;

needs('mariadb').describe('the collations of MariaDB', () => {
  it('treat no modes of ASCII as equal whose epochs have different keys', async () => {
    const database = await makeMysqlDatabase();
    const characters = Array.from({length: 95}, (_, index) => String.fromCharCode(32 + index));
    // Two characters may be equal to one, or to two others.
    const pairs = characters.flatMap((one) => characters.map((other) => one + other));
    await database.execute('CREATE TABLE modes (mode VARCHAR(2) CHARACTER SET utf8mb4 NOT NULL)');
    const rows = [...characters, ...pairs].map((mode) => `(0x${Buffer.from(mode).toString('hex')})`);
    await database.execute(`INSERT INTO modes VALUES ${rows.join(', ')}`);
    const collations = await database.query(collationsOfBytes);
    expect(collations.length).toBeGreaterThan(200);
    const split: string[] = [];
    for (const [collation = '', charset = ''] of collations) {
      const groups = await database.query(
        `SELECT GROUP_CONCAT(HEX(mode)) FROM modes GROUP BY CONVERT(mode USING ${charset}) COLLATE ${collation}
         HAVING COUNT(*) > 1`,
      );
      for (const [group = ''] of groups) {
        const modes = group.split(',').map((hex) => Buffer.from(hex, 'hex').toString());
        if (new Set(modes.map(foldedEpochKey)).size > 1)
          split.push(`${collation}: ${modes.slice(0, 9).join(' ')}`);
      }
    }
    expect(split).toEqual([]);
  }, 120_000);

  it('decide whether spellings of ASCII letters in another case share a high-water mark', async () => {
    const database = await makeMysqlDatabase();
    const store = await database.open();
    const letters = Array.from({length: 26}, (_, index) => String.fromCharCode(97 + index));
    const collations = await database.query(collationsOfBytes);
    const wrong: string[] = [];
    for (const [name = '', charset = ''] of collations) {
      await database.execute('DROP TABLE IF EXISTS uniqueindex');
      await database.execute(
        `CREATE TABLE uniqueindex (id VARCHAR(9) CHARACTER SET ${charset} COLLATE ${name} PRIMARY KEY)`,
      );
      const keyOf = keysOf(await store.comparison());
      const equals = letters.map(
        (letter) =>
          `CONVERT('${letter}' USING ${charset}) COLLATE ${name} = CONVERT('${letter.toUpperCase()}' USING ${charset})`,
      );
      const [answers = []] = await database.query(`SELECT ${equals.join(', ')}`);
      for (const [index, letter] of letters.entries())
        if ((keyOf(letter) === keyOf(letter.toUpperCase())) !== (answers[index] === '1'))
          wrong.push(`${name}: ${letter}`);
    }
    // In these, MariaDB itself treats one letter as different from its capital.
    expect(wrong.filter((each) => !/^(?:cp866|latin7)_general_/.test(each))).toEqual([]);
  }, 120_000);
});

needs('mariadb').describe('a MariaDB table made by the Python service', () => {
  it('is used as it is and never converted', async () => {
    const {database, store} = await pythonDatabase();
    expect(await migrate(store)).toMatchObject({before: '1.0', steps: []});
    expect(await store.advance([claim('file', 10n)], 0n)).toEqual([granted(251_048n)]);
    expect(await database.query(collation)).toEqual([['latin1_swedish_ci']]);
  });

  it('keeps one counter for modes that it treats as equal, also within a batch', async () => {
    const {database, store} = await pythonDatabase();
    const allocator = new Allocator(store, {firstIndex: 0n, requestTimeoutMs: 5000, maxQueue: 10});
    // A few modes take one statement each; many are advanced together.
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

  it('keeps one high-water mark for modes that differ in case', async () => {
    const {database, store} = await pythonDatabase();
    const path = join(makeWorkspace(), 'issued');
    const start = (): Allocator =>
      new Allocator(store, {
        ...options,
        marksFile: new MarksFile({path, model: dirname(path), maxModes: 10}),
      });
    await start().allocate('FILE', 100n);
    await start().allocate('File', 10n);
    await database.execute('UPDATE uniqueindex SET `index` = 251038');
    expect(await start().allocate('file', 1n)).toEqual({start: 251_148n, end: 251_148n});
  });

  it('reports modes that it treats as equal, also from different batches, and changes nothing', async () => {
    const {database, store} = await pythonDatabase();
    const others = Array.from({length: 2000}, (_, index) => ({mode: `mode${index}`, next: 5n}));
    const first = {mode: 'Äpfel', next: 7n};
    const last = [
      {mode: 'äpfel', next: 9n},
      {mode: 'FILE', next: 9n},
    ];
    for (const dryRun of [true, false]) {
      const raises = await store.raiseCounters([first, ...others, ...last], dryRun);
      expect(raises.filter(({mode, stored}) => mode !== stored)).toMatchObject([
        {mode: 'äpfel', stored: 'Äpfel'},
        {mode: 'FILE', stored: 'file'},
      ]);
      expect(await database.query('SELECT * FROM uniqueindex')).toEqual([['file', '251038']]);
    }
    await expect(store.raiseCounters([...others, {mode: 'Файл', next: 1n}], false)).rejects.toMatchObject({
      code: 'INVALID_MODE',
    });
    expect(await store.countModes(10)).toBe(1);
  });

  it('moves the counter that several spellings share', async () => {
    const {database, store} = await pythonDatabase();
    expect(await store.moveCounters([{mode: 'FILE', from: 251_038n, to: 7n}])).toEqual([]);
    expect(await database.query('SELECT * FROM uniqueindex')).toEqual([['file', '7']]);
  });

  it('rejects only the modes that its character set cannot hold, and stores no question marks', async () => {
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

needs('mariadb').describe('modes that a latin1 table cannot hold', () => {
  it('cost one failed commit, not one per batch', async () => {
    const {store} = await pythonDatabase();
    const observed = observe(store);
    const allocator = new Allocator(observed.store, options);
    const codes: string[] = [];
    for (let round = 0; round < 5; round++) {
      await Promise.all([
        ...Array.from({length: 20}, (_, index) => allocator.allocate(`naïve${index}`, 1n)),
        ...Array.from({length: 20}, (_, index) =>
          allocator.allocate(`Файл${round} ${index}`, 1n).catch((error: unknown) => {
            codes.push(toUniqueIDError(error).code);
          }),
        ),
      ]);
    }
    expect(codes).toEqual(Array.from({length: 100}, () => 'INVALID_MODE'));
    expect(observed.groups.length).toBeLessThanOrEqual(5);
    expect((await store.counters()).map(({mode, next}) => `${mode} ${next ?? ''}`)).toEqual(
      expect.arrayContaining(['file 251038', 'naïve0 5', 'naïve19 5']),
    );
    expect(await store.countModes(100)).toBe(21);
  });

  it('are rejected even if no mode may be created', async () => {
    const {store} = await pythonDatabase();
    expect(await store.advance([claim('Файл', 1n, 0n)], 0n)).toMatchObject([{error: {code: 'INVALID_MODE'}}]);
  });

  it('are written by a new server after an administrator has converted the table', async () => {
    const {database, store} = await pythonDatabase();
    await expect(store.advance([claim('Файл', 1n)], 0n)).resolves.toMatchObject([
      {error: {code: 'INVALID_MODE'}},
    ]);
    await database.execute(
      'ALTER TABLE uniqueindex CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin',
    );
    const again = await database.open();
    expect(await again.advance([claim('Файл', 1n)], 0n)).toEqual([granted(1n)]);
  });
});

needs('mariadb').describe('many long modes', () => {
  it('make statements far below the packet limit of any server', () => {
    // The most modes and bytes of a batch, in the longest text of each way to advance them.
    for (const [modes, bytes] of [
      [64, 1020],
      [500, 131],
    ] as const) {
      const mode = 'x'.repeat(bytes);
      const statement = statements.advanceStatements(claim(mode, 10n ** 18n), 10n ** 18n);
      const counter = statements.putCounters([{mode, next: MAX_COUNTER}]);
      expect(modes * (statement.length + counter.length)).toBeLessThan(700_000);
    }
  });

  it('are committed many per batch, so that an ordinary request does not wait for each of them', async () => {
    const store = await (await makeMysqlDatabase()).open();
    await migrate(store);
    const observed = observe(store);
    const allocator = new Allocator(observed.store, {...options, requestTimeoutMs: 50_000});
    // Together they would need a statement of 20 MB; MariaDB accepts 16 MB.
    const mode = (index: number): string => String(index).padEnd(5) + '🗂'.repeat(250);
    const strangers = Array.from({length: 5000}, (_, index) => allocator.allocate(mode(index), 1n));
    const ordinary = Array.from({length: 10}, () => allocator.allocate('file', 1n));
    expect(await Promise.all(ordinary)).toHaveLength(10);
    await Promise.all(strangers);
    expect(observed.groups.length).toBeLessThan(200);
  });

  it('fail with STATEMENT_TOO_LONG, not as unavailable, if the server accepts only shorter statements', async () => {
    const {database, store} = await pythonDatabase();
    await database.execute(
      `CREATE TRIGGER failing BEFORE INSERT ON uniqueindex FOR EACH ROW SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 1153`,
    );
    await expect(store.advance([claim('file', 1n)], 0n)).rejects.toMatchObject({
      code: 'STATEMENT_TOO_LONG',
      transient: false,
      hint: expect.stringContaining('max_allowed_packet') as string,
    });
  });
});

needs('mariadb').describe('a MariaDB table made by this program', () => {
  it('raises and moves thousands of counters in a few statements', async () => {
    const {url, execute} = await makeMysqlDatabase();
    const {hostname, port, pathname} = new URL(url);
    const proxy = await startProxy(Number(port));
    const store = await openForTest(
      url.replace(`${hostname}:${port}${pathname}`, `127.0.0.1:${proxy.port}${pathname}`),
    );
    await migrate(store);
    const minimums = Array.from({length: 5000}, (_, index) => ({mode: `m${index}`, next: 5n}));
    const before = proxy.answers();
    await store.raiseCounters(minimums, false);
    await execute(`INSERT INTO uniqueindex VALUES ('another', 1)`);
    await store.moveCounters(minimums.map(({mode}) => ({mode, from: 5n, to: 6n})));
    expect(proxy.answers() - before).toBeLessThan(500);
  });

  it('compares bytes, whatever the default of the database', async () => {
    const database = await makeMysqlDatabase();
    await migrate(await database.open());
    expect(await database.query(collation)).toEqual([['utf8mb4_nopad_bin']]);
  });

  it('is written with our session settings, whatever those of the server', async () => {
    // A setting of a shared server would also be the one of other tests.
    const server = await startMariadb([
      '--sql-mode=ANSI_QUOTES,NO_BACKSLASH_ESCAPES',
      '--transaction-isolation=SERIALIZABLE',
      '--autocommit=0',
    ]);
    onTestFinished(() => server.remove());
    const database = await makeMysqlDatabase(server.url);
    expect(
      await database.query('SELECT @@GLOBAL.sql_mode, @@GLOBAL.tx_isolation, @@GLOBAL.autocommit'),
    ).toEqual([['ANSI_QUOTES,NO_BACKSLASH_ESCAPES', 'SERIALIZABLE', '0']]);
    const store = await database.open();
    await migrate(store);
    const mode = `it's \\ "`;
    expect(await store.advance([claim(mode, 1n)], 0n)).toEqual([granted(1n)]);
    expect(await database.query('SELECT id FROM uniqueindex')).toEqual([[mode]]);
    await database.execute('INSERT INTO uniqueindex VALUES (0x66756c6c, 9223372036854775807)');
    await database.execute('COMMIT');
    expect(await store.advance([claim('full', 1n)], 0n)).toEqual([{kind: 'exhausted', remaining: 0n}]);
  });
});
