import {expect, it, onTestFinished} from 'vitest';
import {migrate, planMigration} from '../../../src/lib/store/schema/migrate.js';
import {readStatus} from '../../../src/lib/operations/database-status.js';
import {cli} from '../../helpers/programs/cli.js';
import {makeMysqlDatabase} from '../../helpers/databases/mysql-database.js';
import {needs} from '../../helpers/run/needs.js';
import {openForTest} from '../../helpers/databases/network-database.js';
import {startMariadb} from '../../helpers/databases/private-server.js';
import {startProxy} from '../../helpers/network/tcp-proxy.js';
import {makeWorkspace} from '../../helpers/folders/workspace.js';
import {claim, granted} from '../../helpers/databases/claims.js';

const engineOf = (name: string): string =>
  `SELECT engine FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = '${name}'`;

needs('mariadb').describe('MariaDB tables of an engine without transactions', () => {
  const options = [
    'ENGINE = MyISAM',
    'ENGINE = MyISAM ROW_FORMAT = FIXED',
    'ENGINE = Aria TRANSACTIONAL = 1',
  ];

  it.each(options)('%s: are rejected, shown by status, and converted by dbsync', async (engine) => {
    const database = await makeMysqlDatabase();
    await database.execute(
      `CREATE TABLE uniqueindex (id VARCHAR(255) NOT NULL PRIMARY KEY, \`index\` BIGINT NOT NULL) ${engine}`,
    );
    await database.execute(`INSERT INTO uniqueindex VALUES ('file', 251038)`);
    const store = await database.open();
    const claims = [claim('file', 10n)];
    await expect(store.advance(claims, 0n)).rejects.toMatchObject({code: 'SCHEMA_UNSUITABLE'});
    expect(await readStatus(store, {limit: 5})).toMatchObject({
      schema: {safe: false, problem: {code: 'SCHEMA_UNSUITABLE'}},
      modes: [{mode: 'file', next: 251_038n}],
    });
    const plans = [await planMigration(store), await migrate(store)];
    for (const {steps} of plans)
      expect(steps).toMatchObject([
        {name: 'convert the tables to InnoDB'},
        {name: 'record the schema version', to: {major: 1}},
      ]);
    expect(await database.query(engineOf('uniqueindex'))).toEqual([['InnoDB']]);
    expect(await store.advance(claims, 0n)).toEqual([granted(251_048n)]);
    expect(await migrate(store)).toMatchObject({before: '1.0', steps: []});
  });

  it('are not converted if they have another flaw, and the commands exit with 3', async () => {
    const database = await makeMysqlDatabase();
    await database.execute(
      'CREATE TABLE uniqueindex (id VARCHAR(255) NOT NULL, `index` BIGINT) ENGINE = MyISAM',
    );
    const cwd = makeWorkspace();
    for (const args of [
      ['dbsync'],
      ['dbsync', '--check'],
      ['getid', '--mode', 'file'],
      ['serve', '--port', '0'],
    ]) {
      const {status, stdout} = await cli([...args, '--database', database.url, '--json'], {cwd});
      expect({args, status}).toEqual({args, status: 3});
      expect(stdout).toContain('SCHEMA_UNSUITABLE');
    }
    expect(await database.query(engineOf('uniqueindex'))).toEqual([['MyISAM']]);
  });

  it('are converted by only one of two migrators', async () => {
    const database = await makeMysqlDatabase();
    const stores = [await database.open(), await database.open()];
    await migrate(await database.open());
    await database.execute('ALTER TABLE uniqueindex ENGINE = Aria');
    await database.execute('ALTER TABLE uniqueindexsystem ENGINE = Aria');
    const plans = await Promise.all(stores.map((store) => planMigration(store)));
    const outcomes: string[] = [];
    for (const [index, store] of stores.entries())
      for (const step of plans[index]?.steps ?? []) outcomes.push(await store.applyStep(step));
    expect(outcomes).toEqual(['applied', 'already']);
    expect(await database.query(engineOf('uniqueindexsystem'))).toEqual([['InnoDB']]);
  });
});

needs('mariadb').describe('MariaDB sessions', () => {
  it.each(['SERIALIZABLE  ', 'NONSENSE LEVEL'])(
    'are rejected if a proxy changes READ COMMITTED to %s',
    async (level) => {
      const database = await makeMysqlDatabase();
      await migrate(await database.open());
      const url = new URL(database.url);
      const {port} = await startProxy(Number(url.port), (sent) =>
        Buffer.from(sent.toString('latin1').replace('READ COMMITTED', level), 'latin1'),
      );
      url.port = String(port);
      const using = async (): Promise<unknown> =>
        (await openForTest(url.href)).advance([claim('file', 1n)], 0n);
      await expect(using()).rejects.toMatchObject({code: 'SCHEMA_UNSUITABLE', transient: false});
    },
  );

  it('check the tables on each new connection', async () => {
    const database = await makeMysqlDatabase();
    const store = await database.open();
    await migrate(store);
    const claims = [claim('file', 10n)];
    await store.advance(claims, 0n);
    await database.execute('ALTER TABLE uniqueindex PARTITION BY KEY (id) PARTITIONS 2');
    const sessions = await database.query(
      'SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()',
    );
    for (const [session = ''] of sessions) await database.execute(`KILL ${session}`);
    let code: unknown;
    while (code !== 'SCHEMA_UNSUITABLE') {
      code = await store.advance(claims, 0n).then(
        () => 'allocated',
        (error: unknown) => (error as {code: unknown}).code,
      );
      expect(['DATABASE_UNAVAILABLE', 'SCHEMA_UNSUITABLE']).toContain(code);
    }
  });
});

needs('mariadb').describe('MariaDB with binlog_format=STATEMENT', () => {
  it('is rejected until it logs rows', async () => {
    const server = await startMariadb(['--log-bin', '--binlog-format=STATEMENT', '--sync-binlog=1']);
    onTestFinished(() => server.remove());
    const database = await makeMysqlDatabase(server.url);
    for (const statement of [
      'CREATE TABLE uniqueindex (id VARCHAR(255) NOT NULL PRIMARY KEY, `index` BIGINT NOT NULL) ENGINE = InnoDB',
      'CREATE TABLE uniqueindexsystem (part VARCHAR(255) PRIMARY KEY, value INTEGER NOT NULL) ENGINE = InnoDB',
      `INSERT INTO uniqueindexsystem VALUES ('major', 1), ('minor', 0)`,
    ])
      await database.execute(statement);
    const claims = [claim('file', 1n)];
    const before = await database.open();
    expect(await before.readSchema()).toMatchObject({kind: 'unsuitable'});
    await expect(before.advance(claims, 0n)).rejects.toMatchObject({code: 'SCHEMA_UNSUITABLE'});
    await database.execute('SET GLOBAL binlog_format = ROW');
    expect(await (await database.open()).advance(claims, 0n)).toEqual([granted(1n)]);
  });
});
