import {execFileSync} from 'node:child_process';
import {copyFileSync, readFileSync, statSync, symlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it, onTestFinished, vi} from 'vitest';
import {formatLine, header, parseLine} from '../../../src/lib/allocation/memory/lines.js';
import {makeSqliteDatabase} from '../../helpers/databases/sqlite-database.js';
import {makePostgresDatabase} from '../../helpers/databases/postgres-database.js';
import {mountSmallDisk} from '../../helpers/folders/small-disk.js';
import {makeWorkspace, root} from '../../helpers/folders/workspace.js';
import {ask} from '../../helpers/network/http.js';
import {cli, startProgram} from '../../helpers/programs/cli.js';
import {needs} from '../../helpers/run/needs.js';

async function ready(env: Readonly<Record<string, string>> = {}): Promise<string> {
  const cwd = makeWorkspace();
  expect((await cli(['dbsync'], {cwd, env})).status).toBe(0);
  return cwd;
}

const getid = ['getid', '--mode', 'file', '--format', 'list'];

/** Returns about 300 KB of lines of one mode. */
function longHistory(): string {
  const origin = {identity: 1, epoch: 0, place: 'elsewhere'};
  return header + formatLine({kind: 'mark', origin, mode: 'other', next: 1n}).repeat(10_000);
}

describe('the file of high-water marks', () => {
  it('is rewritten by a command that finds it large', async () => {
    const cwd = await ready();
    const path = join(cwd, 'db.sqlite3-issued');
    writeFileSync(path, longHistory());
    expect(await cli(getid, {cwd})).toMatchObject({status: 0, stdout: '0\n', stderr: ''});
    expect(statSync(path).size).toBeLessThan(10_000);
    expect(readFileSync(path, 'utf8')).toContain('\tfile\t');
  });

  it('keeps all modes that a service may know, whatever max_modes is for the command', async () => {
    const cwd = await ready();
    const path = join(cwd, 'db.sqlite3-issued');
    await cli(getid, {cwd});
    const [, line = ''] = /\n(m\t.*)/.exec(readFileSync(path, 'utf8')) ?? [];
    const origin = parseLine(line)?.origin ?? {identity: 0, epoch: 0, place: ''};
    const marks = Array.from({length: 50}, (_, index) =>
      formatLine({kind: 'mark', origin, mode: `mode ${index}`, next: 1n}),
    );
    writeFileSync(path, longHistory() + marks.join(''));
    expect((await cli(getid, {cwd, env: {UNIQUEID_MAX_MODES: '10'}})).status).toBe(0);
    expect(statSync(path).size).toBeLessThan(10_000);
    expect(readFileSync(path, 'utf8').match(/\tmode \d+\t/g)).toHaveLength(50);
  });

  it('is one file for all names of an SQLite database', async () => {
    const cwd = await ready();
    const [real, linked] = [join(cwd, 'db.sqlite3'), join(makeWorkspace(), 'linked.sqlite3')];
    symlinkSync(real, linked);
    expect((await cli([...getid, '--range', '100'], {cwd})).status).toBe(0);
    await makeSqliteDatabase(real).execute(`UPDATE uniqueindex SET "index" = 10`);
    const {stdout} = await cli([...getid, '--database', `sqlite:///${linked}`], {cwd});
    expect(stdout).toBe('100\n');
  });

  it('may be shared by a copy of the database that is reset', async () => {
    const cwd = await ready();
    const options = {cwd, env: {UNIQUEID_GUARD_FILE: join(cwd, 'issued')}};
    expect((await cli([...getid, '--range', '100'], options)).status).toBe(0);
    copyFileSync(join(cwd, 'db.sqlite3'), join(cwd, 'copy.sqlite3'));
    const ofCopy = ['--database', 'sqlite:///copy.sqlite3'];
    const reset = ['reset', '--mode', 'file', '--to', '0', '--yes', '--allow-duplicates', ...ofCopy];
    expect((await cli(reset, options)).status).toBe(0);
    // The original knows nothing of the reset, and the copy obeys it.
    expect((await cli(getid, options)).stdout).toBe('100\n');
    expect((await cli([...getid, ...ofCopy], options)).stdout).toBe('0\n');
    await makeSqliteDatabase(join(cwd, 'db.sqlite3')).execute(`UPDATE uniqueindex SET "index" = 10`);
    expect((await cli(getid, options)).stdout).toBe('101\n');
    expect((await cli([...getid, ...ofCopy], options)).stdout).toBe('1\n');
  });

  it('counts for an older backup in another place, although it was reset since', async () => {
    const cwd = await ready();
    const options = {cwd, env: {UNIQUEID_GUARD_FILE: join(cwd, 'issued')}};
    expect((await cli([...getid, '--range', '100'], options)).status).toBe(0);
    copyFileSync(join(cwd, 'db.sqlite3'), join(cwd, 'backup.sqlite3'));
    expect((await cli([...getid, '--range', '50'], options)).status).toBe(0);
    const reset = ['reset', '--mode', 'file', '--to', '120', '--yes', '--allow-duplicates'];
    expect((await cli(reset, options)).status).toBe(0);
    expect((await cli([...getid, '--range', '40'], options)).status).toBe(0);
    const {stdout} = await cli([...getid, '--database', 'sqlite:///backup.sqlite3'], options);
    expect(stdout).toBe('160\n');
  });

  needs('strace').it('is synced before it replaces another one', async () => {
    const cwd = await ready();
    const path = join(cwd, 'db.sqlite3-issued');
    writeFileSync(path, longHistory());
    const trace = join(cwd, 'trace');
    const traced = ['-f', '-y', '-o', trace, '-e', 'trace=fsync,rename', process.execPath];
    const {status} = await startProgram('strace', [...traced, join(root, 'bin', 'run.js'), ...getid], {cwd})
      .finished;
    expect(status).toBe(0);
    const calls = readFileSync(trace, 'utf8')
      .split('\n')
      .filter((call) => call.includes('-issued-new') && !call.includes('resumed'));
    expect(calls.map((call) => /(fsync|rename)\(/.exec(call)?.[1])).toEqual(['fsync', 'rename']);
  });

  needs('strace').it('is synced by a service that ends as asked', async () => {
    const cwd = await ready();
    const trace = join(cwd, 'trace');
    // With -D, the service and not strace is the child, which gets the signal.
    const traced = ['-D', '-f', '-y', '-o', trace, '-e', 'trace=fsync', process.execPath];
    const serve = [join(root, 'bin', 'run.js'), 'serve', '--port', '0'];
    const service = startProgram('strace', [...traced, ...serve], {cwd});
    const urlOf = (): string | undefined => / answers at (http:\/\/[^/]+)/.exec(service.stderr())?.[1];
    const url = await vi.waitUntil(urlOf, 30_000);
    expect((await ask(url, '/getid?range=1&mode=file')).status).toBe(200);
    const syncs = (): number => readFileSync(trace, 'utf8').split('db.sqlite3-issued>').length - 1;
    expect(syncs()).toBe(0);
    service.process.kill('SIGTERM');
    expect((await service.finished).status).toBe(0);
    // strace may write its last lines after that.
    await vi.waitUntil(() => syncs() === 1, 10_000);
  });

  needs('mounts').it('is named by getid if a mark could not be written', async () => {
    const cwd = await ready();
    const disk = mountSmallDisk(join(cwd, 'disk'), 1);
    onTestFinished(() => {
      disk.unmount();
    });
    const path = join(disk.path, 'issued');
    const options = {cwd, env: {UNIQUEID_GUARD_FILE: path}};
    expect(await cli(getid, options)).toMatchObject({status: 0, stdout: '0\n', stderr: ''});
    // The last page of the file still has space.
    writeFileSync(path, readFileSync(path, 'utf8').padEnd(4096, '\n'));
    disk.fill();
    const full = await cli(getid, options);
    expect(full).toMatchObject({status: 0, stdout: '1\n'});
    expect(full.stderr).toContain(path);
  });

  it('does not block a command if it is a named pipe', async () => {
    const cwd = await ready();
    const path = join(cwd, 'pipe');
    execFileSync('mkfifo', [path]);
    const options = {cwd, env: {UNIQUEID_GUARD_FILE: path}};
    expect((await cli(getid, options)).stdout).toBe('0\n');
    const reset = ['reset', '--mode', 'file', '--to', '7', '--dry-run'];
    expect((await cli(reset, options)).status).toBe(0);
  });

  needs('postgresql').it('is not needed for the record of a reset', async () => {
    const database = await makePostgresDatabase();
    const env = {PEEWEE_URL: database.url};
    const cwd = await ready(env);
    const options = {cwd, env: {...env, UNIQUEID_GUARD_FILE: join(cwd, 'issued')}};
    await cli([...getid, '--range', '10'], options);
    // The system table disappears with the commit of the reset.
    for (const statement of [
      'ALTER TABLE uniqueindexsystem RENAME TO parts',
      'CREATE VIEW uniqueindexsystem AS SELECT * FROM parts',
      `CREATE FUNCTION hide() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN ALTER VIEW IF EXISTS uniqueindexsystem RENAME TO hidden; RETURN NULL; END $$`,
      `CREATE CONSTRAINT TRIGGER hides AFTER INSERT OR UPDATE ON parts
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION hide()`,
    ])
      await database.execute(statement);
    const reset = ['reset', '--mode', 'file', '--to', '7', '--yes', '--allow-duplicates', '--json'];
    const {status, stdout, stderr} = await cli(reset, options);
    expect(status, stderr + stdout).toBe(0);
    expect(await database.query('SELECT index FROM uniqueindex')).toEqual([['7']]);
    expect(JSON.parse(stdout)).toMatchObject({moves: [{mode: 'file', from: 10, to: 7}]});
    expect(stderr).not.toBe('');
  });
});
