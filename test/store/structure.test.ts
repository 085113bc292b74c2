import {setTimeout as sleep} from 'node:timers/promises';
import {describe, expect, inject, it} from 'vitest';
import type {UniqueIDError} from '../../src/lib/core/errors.js';
import {migrate, planMigration} from '../../src/lib/store/schema/migrate.js';
import {readStatus} from '../../src/lib/operations/database-status.js';
import {makeMysqlDatabase} from '../helpers/databases/mysql-database.js';
import {needs} from '../helpers/run/needs.js';
import {makePostgresDatabase} from '../helpers/databases/postgres-database.js';
import {makeSqliteDatabase} from '../helpers/databases/sqlite-database.js';
import type {TestDatabase} from './conformance.js';
import {claim, granted} from '../helpers/databases/claims.js';

const usual = '"id" varchar(255) NOT NULL PRIMARY KEY, "index" bigint NOT NULL';
const table = (columns: string, options = ''): string => `CREATE TABLE uniqueindex (${columns}) ${options}`;
const usualInMysql = 'id VARCHAR(255) NOT NULL PRIMARY KEY, `index` BIGINT NOT NULL';

/** Per kind of database, statements that create nearly correct tables. */
const rejected: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  SQLite: {
    'a trigger': [
      table(usual),
      `CREATE TRIGGER back AFTER UPDATE ON uniqueindex BEGIN UPDATE uniqueindex SET "index" = old."index" WHERE "id" = new."id"; END`,
    ],
    'a view': [
      'CREATE TABLE kept ("id" varchar(255) PRIMARY KEY, "index" bigint)',
      'CREATE VIEW uniqueindex AS SELECT * FROM kept',
    ],
    'a virtual table': [`CREATE VIRTUAL TABLE uniqueindex USING fts5("id", "index")`],
    'no key': [table('"id" varchar(255) NOT NULL, "index" bigint NOT NULL')],
    'a key that is not unique': [
      table('"id" varchar(255) NOT NULL, "index" bigint NOT NULL'),
      'CREATE INDEX one ON uniqueindex ("id")',
    ],
    'a partial unique index': [
      table('"id" varchar(255) NOT NULL, "index" bigint NOT NULL'),
      `CREATE UNIQUE INDEX one ON uniqueindex ("id") WHERE "index" > 5`,
    ],
    'a unique index on an expression': [
      table('"id" varchar(255) NOT NULL, "index" bigint NOT NULL'),
      'CREATE UNIQUE INDEX one ON uniqueindex (lower("id"))',
    ],
    'a unique index that compares unlike the column': [
      table('"id" varchar(255) NOT NULL COLLATE NOCASE, "index" bigint NOT NULL'),
      'CREATE UNIQUE INDEX one ON uniqueindex ("id" COLLATE BINARY)',
    ],
    'the key on another column': [table('"id" varchar(255) NOT NULL UNIQUE, "index" integer PRIMARY KEY')],
    'a key of two columns': [table('"id" varchar(255), "index" bigint, PRIMARY KEY ("id", "index")')],
    'a unique index on the counter': [table(`${usual}, UNIQUE ("index")`)],
    'a REAL counter': [table('"id" varchar(255) PRIMARY KEY, "index" real')],
    'a TEXT counter': [table('"id" varchar(255) PRIMARY KEY, "index" text')],
    'a NUMERIC counter': [table('"id" varchar(255) PRIMARY KEY, "index" numeric(20)')],
    'an INTEGER id': [table('"id" bigint PRIMARY KEY, "index" bigint')],
    'an id of affinity NUMERIC': [table('"id" string PRIMARY KEY, "index" bigint')],
    'a generated counter': [table('"id" varchar(255) PRIMARY KEY, n, "index" bigint AS (n + 1)')],
    'a further column without a default': [table(`${usual}, note text NOT NULL`)],
    'no counter': [table('"id" varchar(255) PRIMARY KEY, "next" bigint')],
  },
  PostgreSQL: {
    'a trigger': [
      table(usual),
      `CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW."index" = OLD."index"; RETURN NEW; END'`,
      'CREATE TRIGGER hold BEFORE UPDATE ON uniqueindex FOR EACH ROW EXECUTE FUNCTION hold()',
    ],
    'a rule': [table(usual), 'CREATE RULE nothing AS ON UPDATE TO uniqueindex DO INSTEAD NOTHING'],
    'an unlogged table': [`CREATE UNLOGGED TABLE uniqueindex (${usual})`],
    'a view': [`CREATE TABLE kept (${usual})`, 'CREATE VIEW uniqueindex AS SELECT * FROM kept'],
    'a materialized view': [
      `CREATE TABLE kept (${usual})`,
      'CREATE MATERIALIZED VIEW uniqueindex AS SELECT * FROM kept',
    ],
    'a foreign table': [
      'CREATE EXTENSION file_fdw',
      'CREATE SERVER elsewhere FOREIGN DATA WRAPPER file_fdw',
      `CREATE FOREIGN TABLE uniqueindex ("id" varchar(255) NOT NULL, "index" bigint NOT NULL)
         SERVER elsewhere OPTIONS (filename '/dev/null')`,
    ],
    'a partitioned table': [
      table(usual, 'PARTITION BY HASH ("id")'),
      'CREATE TABLE part_0 PARTITION OF uniqueindex FOR VALUES WITH (MODULUS 1, REMAINDER 0)',
    ],
    'an inherited table': [table(usual), 'CREATE TABLE child () INHERITS (uniqueindex)'],
    'no key': [table('"id" varchar(255) NOT NULL, "index" bigint NOT NULL')],
    'a partial unique index': [
      table('"id" varchar(255) NOT NULL, "index" bigint NOT NULL'),
      `CREATE UNIQUE INDEX one ON uniqueindex ("id") WHERE "index" > 5`,
    ],
    'a unique index on an expression': [
      table('"id" varchar(255) NOT NULL, "index" bigint NOT NULL'),
      'CREATE UNIQUE INDEX one ON uniqueindex (lower("id"))',
    ],
    'a deferrable key': [table('"id" varchar(255) NOT NULL UNIQUE DEFERRABLE, "index" bigint NOT NULL')],
    'the key on another column': [
      table('"id" varchar(255) NOT NULL, "index" bigint NOT NULL, n serial PRIMARY KEY'),
    ],
    'a key of two columns': [table('"id" varchar(255), "index" bigint, PRIMARY KEY ("id", "index")')],
    'a unique index on the counter': [table(`${usual}, UNIQUE ("index")`)],
    'an INTEGER counter': [table('"id" varchar(255) PRIMARY KEY, "index" integer')],
    'a NUMERIC counter': [table('"id" varchar(255) PRIMARY KEY, "index" numeric(20)')],
    'a DOUBLE counter': [table('"id" varchar(255) PRIMARY KEY, "index" double precision')],
    'a char id': [table('"id" char(10) PRIMARY KEY, "index" bigint')],
    'an id that folds case': [
      `CREATE COLLATION folding (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`,
      table('"id" varchar(255) COLLATE folding PRIMARY KEY, "index" bigint'),
    ],
    'an id that may be NULL': [table('"id" varchar(255) UNIQUE, "index" bigint')],
    'a generated counter': [
      table('"id" varchar(255) PRIMARY KEY, n bigint, "index" bigint GENERATED ALWAYS AS (n + 1) STORED'),
    ],
    'a further column without a default': [table(`${usual}, note text NOT NULL`)],
    'no counter': [table('"id" varchar(255) PRIMARY KEY, "next" bigint')],
  },
  MariaDB: {
    'a trigger': [
      table(usualInMysql),
      'CREATE TRIGGER hold BEFORE UPDATE ON uniqueindex FOR EACH ROW SET NEW.`index` = OLD.`index`',
    ],
    'a view': [`CREATE TABLE kept (${usualInMysql})`, 'CREATE VIEW uniqueindex AS SELECT * FROM kept'],
    'a system-versioned table': [table(usualInMysql, 'WITH SYSTEM VERSIONING')],
    'a partitioned table': [table(usualInMysql, 'PARTITION BY KEY (id) PARTITIONS 2')],
    'the engine MEMORY': [table(usualInMysql, 'ENGINE = MEMORY')],
    'the engine CSV': [table('id VARCHAR(255) NOT NULL, `index` BIGINT NOT NULL', 'ENGINE = CSV')],
    'no key': [table('id VARCHAR(255) NOT NULL, `index` BIGINT NOT NULL')],
    'a key that is not unique': [table('id VARCHAR(255) NOT NULL, `index` BIGINT NOT NULL, KEY (id)')],
    'a key on the beginning of the id': [
      table('id VARCHAR(255) NOT NULL, `index` BIGINT NOT NULL, UNIQUE (id(5))'),
    ],
    'the key on another column': [
      table('id VARCHAR(255) NOT NULL, `index` BIGINT NOT NULL, n INT AUTO_INCREMENT PRIMARY KEY'),
    ],
    'a unique index on the counter': [table(`${usualInMysql}, UNIQUE (\`index\`)`)],
    'an INT counter': [table('id VARCHAR(255) PRIMARY KEY, `index` INT')],
    'an unsigned counter': [table('id VARCHAR(255) PRIMARY KEY, `index` BIGINT UNSIGNED')],
    'a DECIMAL counter': [table('id VARCHAR(255) PRIMARY KEY, `index` DECIMAL(20)')],
    'a DOUBLE counter': [table('id VARCHAR(255) PRIMARY KEY, `index` DOUBLE')],
    'an automatic counter': [
      table('id VARCHAR(255) PRIMARY KEY, `index` BIGINT NOT NULL AUTO_INCREMENT, KEY (`index`)'),
    ],
    'a CHAR id': [table('id CHAR(10) PRIMARY KEY, `index` BIGINT')],
    'a binary id': [table('id VARBINARY(255) PRIMARY KEY, `index` BIGINT')],
    'an id that may be NULL': [table('id VARCHAR(255) UNIQUE, `index` BIGINT')],
    'a generated counter': [table('id VARCHAR(255) PRIMARY KEY, n BIGINT, `index` BIGINT AS (n + 1) STORED')],
    'a further column without a default': [table(`${usualInMysql}, note INT NOT NULL`)],
    'no counter': [table('id VARCHAR(255) PRIMARY KEY, next BIGINT')],
  },
};

/** Statements that make a good table unsuitable, and that repair it. */
const alterations: Readonly<Record<string, readonly [string, string]>> = {
  SQLite: ['CREATE TRIGGER t AFTER UPDATE ON uniqueindex BEGIN SELECT 1; END', 'DROP TRIGGER t'],
  PostgreSQL: ['ALTER TABLE uniqueindex SET UNLOGGED', 'ALTER TABLE uniqueindex SET LOGGED'],
  MariaDB: ['ALTER TABLE uniqueindex ENGINE = Aria', 'ALTER TABLE uniqueindex ENGINE = InnoDB'],
};

/** Returns the code of the error that a promise rejects with. */
async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    return (error as UniqueIDError).code;
  }
}

const makers: Readonly<Record<string, () => Promise<TestDatabase>>> = {
  SQLite: () => Promise.resolve(makeSqliteDatabase()),
  ...(inject('postgresUrl') === '' ? {} : {PostgreSQL: () => makePostgresDatabase()}),
  ...(inject('mysqlUrl') === '' ? {} : {MariaDB: () => makeMysqlDatabase()}),
};

const versionRows = [
  'CREATE TABLE uniqueindexsystem (part VARCHAR(255) NOT NULL PRIMARY KEY, value INTEGER NOT NULL)',
  `INSERT INTO uniqueindexsystem VALUES ('major', 1), ('minor', 0)`,
];

describe.each(Object.entries(makers))('%s', (kind, make) => {
  const shapes = Object.entries(rejected[kind] ?? {});

  it.each(shapes)(
    'rejects a table with %s at either schema version, and writes nothing',
    async (_, statements) => {
      const database = await make();
      for (const statement of statements) await database.execute(statement);
      const store = await database.open({create: true});
      expect(await store.readSchema()).toMatchObject({kind: 'unsuitable', version: {major: 0, minor: 0}});
      await expect(planMigration(store)).rejects.toMatchObject({code: 'SCHEMA_UNSUITABLE'});
      for (const statement of versionRows) await database.execute(statement);
      expect(await store.readSchema()).toMatchObject({kind: 'unsuitable', version: {major: 1, minor: 0}});
      await expect(store.advance([claim('file', 1n)], 0n)).rejects.toMatchObject({
        code: 'SCHEMA_UNSUITABLE',
        exitStatus: 3,
      });
      expect(await database.query('SELECT count(*) FROM uniqueindex')).toEqual([['0']]);
    },
  );

  it('rejects a table that is altered while it is served, and continues after its repair', async () => {
    const database = await make();
    const store = await database.open({create: true});
    await migrate(store);
    const claims = [claim('file', 10n)];
    expect(await store.advance(claims, 0n)).toEqual([granted(10n)]);
    const [alter = '', mend = ''] = alterations[kind] ?? [];
    await database.execute(alter);
    expect(await store.readSchema()).toMatchObject({kind: 'unsuitable'});
    await expect(store.advance(claims, 0n)).rejects.toMatchObject({code: 'SCHEMA_UNSUITABLE'});
    await database.execute(mend);
    expect(await store.advance(claims, 0n)).toEqual([granted(20n)]);
  });

  it('rejects only the mode of a damaged counter, and repairs it by a move', async () => {
    const database = await make();
    const store = await database.open({create: true});
    await migrate(store);
    const q = kind === 'MariaDB' ? '`' : '"';
    await database.execute('DROP TABLE uniqueindex');
    await database.execute(
      `CREATE TABLE uniqueindex (${q}id${q} varchar(255) NOT NULL PRIMARY KEY, ${q}index${q} bigint)`,
    );
    await database.execute(`INSERT INTO uniqueindex VALUES ('b', NULL), ('c', 5)`);
    const damage = {kind: 'rejected', error: expect.objectContaining({code: 'COUNTER_DAMAGED'}) as unknown};
    // Few claims take one statement each, many take one together.
    for (const others of [[], Array.from({length: 20}, (_, index) => `m${index}`.padEnd(9, 'x')).sort()]) {
      const modes = ['a', 'b', 'c', ...others];
      const results = await store.advance(
        modes.map((mode) => claim(mode, 1n)),
        0n,
      );
      expect(results[1]).toEqual(damage);
      expect(results.filter((result) => result.kind === 'granted')).toHaveLength(modes.length - 1);
    }
    expect(await store.advance([claim('b', 1n, 0n)], 0n)).toMatchObject([expect.anything()]);
    expect((await store.counters({limit: 3})).slice(0, 3)).toEqual([
      {mode: 'a', next: 2n},
      {mode: 'b', next: undefined},
      {mode: 'c', next: 7n},
    ]);
    expect(await store.counter('b')).toEqual({mode: 'b', next: undefined});
    const {modes} = await readStatus(store, {limit: 3});
    expect(modes.map(({next}) => next)).toEqual([2n, null, 7n]);
    expect(await store.raiseCounters([{mode: 'b', next: 50n}], true)).toMatchObject([{after: 50n}]);
    expect(await store.moveCounters([{mode: 'b', from: undefined, to: 100n}])).toEqual([]);
    expect(await store.advance([claim('b', 1n)], 0n)).toEqual([granted(101n)]);
  });
});

needs('postgresql').describe('PostgreSQL', () => {
  it('checks the table again after a lost connection', async () => {
    const database = await makePostgresDatabase();
    const store = await database.open();
    await migrate(store);
    const claims = [claim('file', 10n)];
    await store.advance(claims, 0n);
    await database.execute('ALTER TABLE uniqueindex SET UNLOGGED');
    await database.execute(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    );
    const sessions = `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()`;
    while ((await database.query(sessions))[0]?.[0] !== '1') await sleep(10);
    // The driver replaces a connection that ended while idle without an error, after it has read the end.
    await sleep(200);
    let code: string | undefined;
    while (code !== 'SCHEMA_UNSUITABLE') {
      code = await codeOf(store.advance(claims, 0n));
      expect(['DATABASE_UNAVAILABLE', 'SCHEMA_UNSUITABLE']).toContain(code);
    }
  });

  it('rejects a table that precedes its own in the search path', async () => {
    const database = await makePostgresDatabase();
    await migrate(await database.open());
    await database.execute('CREATE SCHEMA first');
    await database.execute(table(usual).replace('uniqueindex', 'first.uniqueindex'));
    const name = new URL(database.url).pathname.slice(1);
    await database.execute(`ALTER DATABASE ${name} SET search_path = first, public`);
    expect(await (await database.open()).readSchema()).toMatchObject({kind: 'unsuitable'});
  });

  it('serves a shorter column, and rejects only modes that exceed it', async () => {
    const database = await makePostgresDatabase();
    const store = await database.open();
    await migrate(store);
    await database.execute('ALTER TABLE uniqueindex ALTER COLUMN "id" TYPE varchar(10)');
    expect(await store.readSchema()).toMatchObject({kind: 'versioned'});
    expect(await codeOf(store.advance([claim('m'.repeat(11), 1n)], 0n))).toBe('INVALID_MODE');
    expect(await store.advance([claim('file', 1n)], 0n)).toEqual([granted(1n)]);
  });
});
