import {execFileSync} from 'node:child_process';
import {chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {describe, expect, it, onTestFinished} from 'vitest';
import {fillDisk} from '../../helpers/folders/small-disk.js';
import {migrate} from '../../../src/lib/store/schema/migrate.js';
import {openSqliteStore} from '../../../src/lib/store/sqlite/store.js';
import {cli, startServer} from '../../helpers/programs/cli.js';
import {ask, rangeOf} from '../../helpers/network/http.js';
import {need} from '../../helpers/run/needs.js';
import {lockDatabase, makeSqliteDatabase} from '../../helpers/databases/sqlite-database.js';
import {copyFixture, makeWorkspace} from '../../helpers/folders/workspace.js';
import {claim, granted} from '../../helpers/databases/claims.js';

describe('an SQLite file', () => {
  it('is opened in WAL mode with synchronous=FULL', async () => {
    const {path, open} = makeSqliteDatabase();
    const store = await open({create: true});
    expect((await store.facts()).durability).toBe('journal_mode=wal, synchronous=FULL');
    await migrate(store);
    await store.close();
    // The file records WAL mode in bytes 18 and 19 of its header: https://www.sqlite.org/fileformat.html
    expect([...readFileSync(path).subarray(18, 20)]).toEqual([2, 2]);
  });

  it('has a WAL of 4 MiB, and a larger one after a batch with many modes', async () => {
    const {path, open} = makeSqliteDatabase();
    const store = await open({create: true});
    await migrate(store);
    const mebibytes = (): number => statSync(`${path}-wal`).size / 2 ** 20;
    for (let turn = 0; turn < 1500; turn++) await store.advance([claim('file', 1n)], 0n);
    expect(mebibytes()).toBeGreaterThan(3.5);
    expect(mebibytes()).toBeLessThan(4.5);
    for (let turn = 0; turn < 600; turn++) {
      // Long enough that almost every mode has its own page.
      const modes = Array.from({length: 30}, (_, index) => `${index}-${turn}`.padEnd(200, 'x'));
      await store.advance(
        modes.map((mode) => claim(mode, 1n)),
        0n,
      );
    }
    expect(mebibytes()).toBeGreaterThan(16);
    expect(mebibytes()).toBeLessThan(34);
  });

  it('keeps the last counter value an INTEGER, which SQLite would turn into a REAL', async () => {
    const {open, execute, query} = makeSqliteDatabase();
    const store = await open({create: true});
    await migrate(store);
    await execute(`INSERT INTO uniqueindex VALUES ('file', 9223372036854775800)`);
    await store.advance([claim('file', 8n)], 0n);
    await store.advance([claim('file', 7n)], 0n);
    await store.advance([claim('file', 1n)], 0n);
    expect(await query('SELECT typeof("index"), "index" FROM uniqueindex')).toEqual([
      ['integer', '9223372036854775807'],
    ]);
    expect(await query('SELECT typeof("index" + 1) FROM uniqueindex')).toEqual([['real']]);
  });

  it.each(['9.3e18', `'many'`, '-1'])('rejects a counter with the value %s', async (value) => {
    const {open, execute, query} = makeSqliteDatabase();
    const store = await open({create: true});
    await migrate(store);
    await execute(`INSERT INTO uniqueindex VALUES ('file', ${value})`);
    const before = await query('SELECT quote("index") FROM uniqueindex');
    expect(await store.advance([claim('file', 1n)], 0n)).toMatchObject([{error: {code: 'COUNTER_DAMAGED'}}]);
    expect(await query('SELECT quote("index") FROM uniqueindex')).toEqual(before);
  });

  it('continues the counters of a file from the Python service', async () => {
    const path = copyFixture('pacifica-1.0.sqlite3', makeWorkspace());
    const {open} = makeSqliteDatabase(path);
    const store = await open();
    expect(await store.readSchema()).toEqual({kind: 'versioned', version: {major: 1, minor: 0}});
    expect(await store.counters()).toEqual([
      {mode: 'file', next: 251_038n},
      {mode: 'mode with space', next: 6n},
      {mode: 'upload_job', next: 3n},
      {mode: 'Файл', next: 4n},
    ]);
    expect(await store.advance([claim('file', 10n)], 0n)).toEqual([granted(251_048n)]);
  });

  it('is not created if it is missing and `create` is not set', () => {
    const path = join(makeWorkspace(), 'none.sqlite3');
    expect(() => openSqliteStore(path)).toThrow(expect.objectContaining({code: 'DATABASE_MISSING'}));
    expect(() => openSqliteStore(path, {readOnly: true})).toThrow(
      expect.objectContaining({code: 'DATABASE_MISSING'}),
    );
    expect(() => readFileSync(path)).toThrow('ENOENT');
  });

  it('is rejected and left unchanged if it is not a database', () => {
    const path = join(makeWorkspace(), 'notes.txt');
    writeFileSync(path, 'This text is longer than the header of a database. '.repeat(20));
    const before = readFileSync(path);
    for (const options of [{}, {create: true}, {readOnly: true}]) {
      expect(() => openSqliteStore(path, options)).toThrow(
        expect.objectContaining({code: 'DATABASE_DAMAGED'}),
      );
    }
    expect(readFileSync(path)).toEqual(before);
  });

  it('is rejected if its path is a folder, or in a missing folder', () => {
    const folder = makeWorkspace();
    for (const path of [folder, join(folder, 'no', 'db.sqlite3')]) {
      expect(() => openSqliteStore(path, {create: true})).toThrow(
        expect.objectContaining({code: 'DATABASE_UNAVAILABLE', transient: false}),
      );
    }
  });

  it('is busy, which is transient, while another process holds a lock', async () => {
    const {path, open} = makeSqliteDatabase();
    const store = await open({create: true});
    await migrate(store);
    const release = lockDatabase(path);
    await expect(store.advance([claim('file', 1n)], 0n)).rejects.toMatchObject({
      code: 'DATABASE_BUSY',
      transient: true,
    });
    release();
    expect(await store.advance([claim('file', 1n)], 0n)).toEqual([granted(1n)]);
  });

  it('stays unchanged if a read-only store opens it', async () => {
    const path = copyFixture('pacifica-1.0.sqlite3', makeWorkspace());
    const before = readFileSync(path);
    const {open} = makeSqliteDatabase(path);
    const store = await open({readOnly: true});
    expect(await store.counter('file')).toEqual({mode: 'file', next: 251_038n});
    await expect(store.advance([claim('file', 1n)], 0n)).rejects.toMatchObject({
      code: 'DATABASE_READ_ONLY',
    });
    await store.close();
    expect(readFileSync(path)).toEqual(before);
  });
});

describe('an SQLite file that the user may not write', () => {
  it.each(['file', 'folder'])(
    'fails with DATABASE_READ_ONLY for a read-only %s, and keeps the counter',
    async (readOnlyPart) => {
      const folder = makeWorkspace();
      const path = copyFixture('pacifica-1.0.sqlite3', folder);
      chmodSync(path, readOnlyPart === 'file' ? 0o444 : 0o666);
      chmodSync(folder, readOnlyPart === 'folder' ? 0o555 : 0o777);
      onTestFinished(() => {
        chmodSync(folder, 0o755);
      });
      const url = `sqlite:///${path}`;
      const taken = await cli(['getid', '--mode', 'file', '--json', '--database', url], {
        cwd: folder,
        obeysPermissions: true,
      });
      expect(JSON.parse(taken.stdout)).toMatchObject({error: {code: 'DATABASE_READ_ONLY', exit: 4}});
      const status = await cli(['status', '--json', '--database', url], {
        cwd: folder,
        obeysPermissions: true,
      });
      expect(JSON.parse(status.stdout)).toMatchObject({modes: [{mode: 'file', next: 251_038}, {}, {}, {}]});
    },
  );

  it('is written by a running server as soon as permissions allow it', async () => {
    const folder = makeWorkspace();
    const path = copyFixture('pacifica-1.0.sqlite3', folder);
    chmodSync(folder, 0o777);
    chmodSync(path, 0o666);
    const options = {cwd: folder, env: {PEEWEE_URL: `sqlite:///${path}`}, obeysPermissions: true};
    // A killed server leaves its WAL behind; without one, SQLite would not open a read-only file.
    const killed = await startServer([], options);
    expect(rangeOf(await ask(killed.url, '/getid?mode=file&range=1'))).toEqual({
      start: 251_038n,
      end: 251_038n,
    });
    killed.process.kill('SIGKILL');
    await killed.finished;
    const files = ['', '-wal', '-shm'].map((suffix) => path + suffix);
    for (const file of files) chmodSync(file, 0o444);
    const server = await startServer([], options);
    for (let turn = 0; turn < 2; turn++) {
      const rejected = await ask(server.url, '/getid?mode=file&range=1');
      expect(rejected).toMatchObject({
        status: 503,
        body: expect.stringContaining('cannot be written') as string,
      });
    }
    for (const file of files) chmodSync(file, 0o666);
    expect(rangeOf(await ask(server.url, '/getid?mode=file&range=2'))).toEqual({
      start: 251_039n,
      end: 251_040n,
    });
  });

  it('fails with DATABASE_UNAVAILABLE if the file cannot be read', async () => {
    const folder = makeWorkspace();
    const path = copyFixture('pacifica-1.0.sqlite3', folder);
    chmodSync(folder, 0o777);
    chmodSync(path, 0o000);
    const taken = await cli(['getid', '--mode', 'file', '--json', '--database', `sqlite:///${path}`], {
      cwd: folder,
      obeysPermissions: true,
    });
    expect(JSON.parse(taken.stdout)).toMatchObject({error: {code: 'DATABASE_UNAVAILABLE', exit: 4}});
  });
});

/** Mounts a file system of 256 kB. */
function smallFileSystem(): string {
  need('mounts');
  const folder = join(makeWorkspace(), 'small');
  mkdirSync(folder);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', folder]);
  onTestFinished(() => {
    execFileSync('umount', [folder]);
  });
  return folder;
}

describe('an SQLite file on a full disk', () => {
  it('answers DATABASE_FULL, loses no issued integer, and recovers when space is freed', async () => {
    const folder = smallFileSystem();
    const {path, open, query} = makeSqliteDatabase(join(folder, 'db.sqlite3'));
    const store = await open({create: true});
    await migrate(store);
    let issued = 0n;
    let rejection: unknown;
    while (rejection === undefined && issued < 10_000n) {
      try {
        const [result] = await store.advance([claim('file', 1n)], 0n);
        expect(result).toEqual(granted(issued + 1n));
        issued += 1n;
      } catch (error) {
        rejection = error;
      }
      // The counter is one row. Rows of other modes, as large as possible, fill the disk.
      if (rejection === undefined) {
        await store
          .advance([claim(`${issued}`.padStart(255, 'm'), 1n)], 0n)
          .catch((error: unknown) => (rejection = error));
      }
    }
    expect(rejection).toMatchObject({code: 'DATABASE_FULL', transient: false});
    expect(await store.counter('file')).toEqual({mode: 'file', next: issued});
    await store.close();
    execFileSync('mount', ['-o', 'remount,size=4m', folder]);
    const again = await makeSqliteDatabase(path).open();
    expect(await again.advance([claim('file', 1n)], 0n)).toEqual([granted(issued + 1n)]);
    expect(await query('PRAGMA integrity_check')).toEqual([['ok']]);
  });
});

describe('an SQLite file on a disk that another program has filled', () => {
  it('still advances existing modes, because it reuses the space of the WAL', async () => {
    const folder = smallFileSystem();
    const {path, open} = makeSqliteDatabase(join(folder, 'db.sqlite3'));
    const first = await open({create: true});
    await migrate(first);
    await first.advance([claim('file', 1n)], 0n);
    await first.close();
    const store = await open();
    expect(await store.advance([claim('file', 1n)], 0n)).toEqual([granted(2n)]);
    fillDisk(join(folder, 'filler'));
    for (let next = 3n; next <= 100n; next++)
      expect(await store.advance([claim('file', 1n)], 0n)).toEqual([granted(next)]);
    const added = Array.from({length: 200}, (_, index) => claim(`${index}`.padStart(255, 'm'), 1n));
    await expect(store.advance(added, 0n)).rejects.toMatchObject({code: 'DATABASE_FULL'});
    await store.close();
    const again = await makeSqliteDatabase(path).open();
    expect(await again.counters()).toEqual([{mode: 'file', next: 100n}]);
  });
});

const tables =
  'CREATE TABLE uniqueindex (id VARCHAR(255) PRIMARY KEY, "index" BIGINT NOT NULL); ' +
  'CREATE TABLE uniqueindexsystem (part VARCHAR(255) PRIMARY KEY, value INTEGER NOT NULL)';

describe('an SQLite file that UniqueID must not change', () => {
  it.each([
    ['of a newer version', `${tables}; INSERT INTO uniqueindexsystem VALUES ('major', 2), ('minor', 0)`],
    ['that is damaged', `${tables}; INSERT INTO uniqueindexsystem VALUES ('major', 1)`],
    ['of another program', 'CREATE TABLE theirs (id INTEGER)'],
  ])('%s stays unchanged to the last byte', async (_, sql) => {
    const database = makeSqliteDatabase();
    await database.execute(sql);
    const before = readFileSync(database.path);
    const options = {cwd: dirname(database.path), env: {PEEWEE_URL: `sqlite:///${database.path}`}};
    const commands = [['getid', '-m', 'file'], ['serve', '--port', '0'], ['status'], ['dbsync', '--check']];
    for (const command of commands) expect((await cli(command, options)).status).toBe(3);
    expect(readFileSync(database.path).equals(before)).toBe(true);
    expect(readdirSync(dirname(database.path))).toEqual(['db.sqlite3']);
  });
});
