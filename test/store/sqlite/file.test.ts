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
  it('is written so that each commit is synced', async () => {
    const {path, open} = makeSqliteDatabase();
    const store = await open({create: true});
    expect((await store.facts()).durability).toBe('journal_mode=wal, synchronous=FULL');
    await migrate(store);
    await store.close();
    // WAL stays in the file: bytes 18 and 19 of the header, https://www.sqlite.org/fileformat.html
    expect([...readFileSync(path).subarray(18, 20)]).toEqual([2, 2]);
  });

  it('has a log of 4 MiB that is written again and again, and a longer one once groups hold many modes', async () => {
    const {path, open} = makeSqliteDatabase();
    const store = await open({create: true});
    await migrate(store);
    const mebibytes = (): number => statSync(`${path}-wal`).size / 2 ** 20;
    for (let turn = 0; turn < 1500; turn++) await store.advance([claim('file', 1n)], 0n);
    expect(mebibytes()).toBeGreaterThan(3.5);
    expect(mebibytes()).toBeLessThan(4.5);
    for (let turn = 0; turn < 600; turn++) {
      // So far apart that nearly each has a page of its own.
      const modes = Array.from({length: 30}, (_, index) => `${index}-${turn}`.padEnd(200, 'x'));
      await store.advance(
        modes.map((mode) => claim(mode, 1n)),
        0n,
      );
    }
    expect(mebibytes()).toBeGreaterThan(16);
    expect(mebibytes()).toBeLessThan(34);
  });

  it('keeps a counter an INTEGER up to the last one, where SQLite alone would make it a REAL', async () => {
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

  it.each(['9.3e18', `'many'`, '-1'])('refuses a counter that holds %s', async (value) => {
    const {open, execute, query} = makeSqliteDatabase();
    const store = await open({create: true});
    await migrate(store);
    await execute(`INSERT INTO uniqueindex VALUES ('file', ${value})`);
    const before = await query('SELECT quote("index") FROM uniqueindex');
    expect(await store.advance([claim('file', 1n)], 0n)).toMatchObject([{error: {code: 'COUNTER_DAMAGED'}}]);
    expect(await query('SELECT quote("index") FROM uniqueindex')).toEqual(before);
  });

  it('that the Python service wrote is read and continued', async () => {
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

  it('that is missing is not created unless asked for', () => {
    const path = join(makeWorkspace(), 'none.sqlite3');
    expect(() => openSqliteStore(path)).toThrow(expect.objectContaining({code: 'DATABASE_MISSING'}));
    expect(() => openSqliteStore(path, {readOnly: true})).toThrow(
      expect.objectContaining({code: 'DATABASE_MISSING'}),
    );
    expect(() => readFileSync(path)).toThrow('ENOENT');
  });

  it('that is no database is told from one, and left alone', () => {
    const path = join(makeWorkspace(), 'notes.txt');
    writeFileSync(path, 'This is a text, and long enough to be taken for a header. '.repeat(20));
    const before = readFileSync(path);
    for (const options of [{}, {create: true}, {readOnly: true}]) {
      expect(() => openSqliteStore(path, options)).toThrow(
        expect.objectContaining({code: 'DATABASE_DAMAGED'}),
      );
    }
    expect(readFileSync(path)).toEqual(before);
  });

  it('that is a folder, or would stand in none, is told', () => {
    const folder = makeWorkspace();
    expect(() => openSqliteStore(folder, {create: true})).toThrow(/is a folder/);
    expect(() => openSqliteStore(join(folder, 'no', 'db.sqlite3'), {create: true})).toThrow(
      /There is no folder/,
    );
  });

  it('that another process holds is busy, which passes', async () => {
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

  it('is only looked at by a read-only store', async () => {
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
    'gives a clear error for a read-only %s, and the counter stays',
    async (what) => {
      const folder = makeWorkspace();
      const path = copyFixture('pacifica-1.0.sqlite3', folder);
      chmodSync(path, what === 'file' ? 0o444 : 0o666);
      chmodSync(folder, what === 'folder' ? 0o555 : 0o777);
      onTestFinished(() => {
        chmodSync(folder, 0o755);
      });
      const url = `sqlite:///${path}`;
      const taken = await cli(['getid', '--mode', 'file', '--database', url], {
        cwd: folder,
        obeysPermissions: true,
      });
      expect(taken).toMatchObject({status: 4, stdout: ''});
      expect(taken.stderr).toMatch(/cannot be written\.\nTry:/);
      const status = await cli(['status', '--json', '--database', url], {
        cwd: folder,
        obeysPermissions: true,
      });
      expect(JSON.parse(status.stdout)).toMatchObject({modes: [{mode: 'file', next: 251_038}, {}, {}, {}]});
    },
  );

  it('is written by a running server as soon as the user may', async () => {
    const folder = makeWorkspace();
    const path = copyFixture('pacifica-1.0.sqlite3', folder);
    chmodSync(folder, 0o777);
    chmodSync(path, 0o666);
    const options = {cwd: folder, env: {PEEWEE_URL: `sqlite:///${path}`}, obeysPermissions: true};
    // One that is killed leaves its log behind, without which SQLite would not open a file that cannot be written.
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
      const refused = await ask(server.url, '/getid?mode=file&range=1');
      expect(refused).toMatchObject({
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

  it('gives a clear error for a file that cannot be read', async () => {
    const folder = makeWorkspace();
    const path = copyFixture('pacifica-1.0.sqlite3', folder);
    chmodSync(folder, 0o777);
    chmodSync(path, 0o000);
    const taken = await cli(['getid', '--mode', 'file', '--database', `sqlite:///${path}`], {
      cwd: folder,
      obeysPermissions: true,
    });
    expect(taken).toMatchObject({status: 4, stdout: ''});
    expect(taken.stderr).toMatch(/cannot be opened\.\nTry:/);
  });
});

/** A file system of 256 kB. */
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
  it('refuses with a clear error, loses nothing that was answered, and goes on when there is space', async () => {
    const folder = smallFileSystem();
    const {path, open, query} = makeSqliteDatabase(join(folder, 'db.sqlite3'));
    const store = await open({create: true});
    await migrate(store);
    let given = 0n;
    let refusal: unknown;
    while (refusal === undefined && given < 10_000n) {
      try {
        const [result] = await store.advance([claim('file', 1n)], 0n);
        expect(result).toEqual(granted(given + 1n));
        given += 1n;
      } catch (error) {
        refusal = error;
      }
      // The counter is one row: rows of other modes, as big as they may be, use up the disk.
      if (refusal === undefined) {
        await store
          .advance([claim(`${given}`.padStart(255, 'm'), 1n)], 0n)
          .catch((error: unknown) => (refusal = error));
      }
    }
    expect(refusal).toMatchObject({code: 'DATABASE_FULL', transient: false});
    expect(await store.counter('file')).toEqual({mode: 'file', next: given});
    await store.close();
    execFileSync('mount', ['-o', 'remount,size=4m', folder]);
    const again = await makeSqliteDatabase(path).open();
    expect(await again.advance([claim('file', 1n)], 0n)).toEqual([granted(given + 1n)]);
    expect(await query('PRAGMA integrity_check')).toEqual([['ok']]);
  });
});

describe('an SQLite file on a disk that others have filled', () => {
  it('is written as long as no mode is added: what is in the log is copied, and its space used again', async () => {
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

describe('a file that is not ours to change', () => {
  it.each([
    ['of a newer version', `${tables}; INSERT INTO uniqueindexsystem VALUES ('major', 2), ('minor', 0)`],
    ['that is damaged', `${tables}; INSERT INTO uniqueindexsystem VALUES ('major', 1)`],
    ['of another program', 'CREATE TABLE theirs (id INTEGER)'],
  ])('%s stays as it is to the last byte', async (_, sql) => {
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
