import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {makeSqliteDatabase} from '../../helpers/databases/sqlite-database.js';
import type {DashboardDocument} from '../../../src/lib/server/dashboard/document.js';
import {copyFixture, makeWorkspace} from '../../helpers/folders/workspace.js';
import {ask} from '../../helpers/network/http.js';
import {cli, cliError, startCli, startServer, waitFor} from '../../helpers/programs/cli.js';
import {shared} from '../../helpers/run/shared.js';

interface Listed {
  readonly modes: readonly {
    readonly mode: string;
    readonly quarantined?: boolean;
    readonly raised?: boolean;
  }[];
  readonly more: boolean;
  readonly database: {readonly warnings: readonly string[]};
}

async function list(cwd: string, args: readonly string[]): Promise<Listed> {
  const {status, stdout, stderr} = await cli(['status', '--json', ...args], {cwd});
  expect({status, stderr}).toEqual({status: 0, stderr: ''});
  return JSON.parse(stdout) as Listed;
}

const namesOf = ({modes}: Listed): readonly string[] => modes.map(({mode}) => mode);

const site = shared(async () => {
  const cwd = makeWorkspace();
  copyFixture('pacifica-1.0.sqlite3', cwd, 'db.sqlite3');
  const {url} = await startServer([], {cwd});
  return {cwd, url};
});

describe.each(['the database', 'a service'])('the modes of %s', (place) => {
  const args = (): readonly string[] => (place === 'a service' ? ['--server', site().url] : []);

  it('are those named by --mode, in the order of names', async () => {
    const {cwd} = site();
    const named = ['-m', 'upload_job', '--mode', 'file', '-m', 'upload_job'];
    const status = await list(cwd, [...args(), ...named]);
    expect(namesOf(status)).toEqual(['file', 'upload_job']);
    expect(status.more).toBe(false);
  });

  it('are an error with the nearest name if --mode names an unknown one', async () => {
    const {cwd} = site();
    const error = await cliError(['status', ...args(), '-m', 'file', '-m', 'uploadjob'], {cwd});
    expect(error).toMatchObject({code: 'UNKNOWN_MODE', exit: 2});
    expect(error.hint).toContain('"upload_job"');
    const watching = await cliError(['status', '-w', '1', ...args(), '-m', 'fil'], {cwd});
    expect(watching).toMatchObject({code: 'UNKNOWN_MODE', exit: 2});
  });

  it('are sorted by use before --limit cuts the list', async () => {
    const {cwd} = site();
    const status = await list(cwd, [...args(), '--sort', 'used', '--limit', '2']);
    expect(namesOf(status)).toEqual(['file', 'mode with space']);
    expect(status.more).toBe(true);
  });

  it('are sorted by rate while they are watched', async () => {
    const {cwd} = site();
    const watch = startCli(['status', '-w', '0.3', '--json', '--sort', 'rate', ...args()], {cwd});
    await waitFor(() => (watch.stdout().includes('\n') ? true : undefined), watch);
    await cli(['getid', '-m', 'upload_job', '-r', '3'], {cwd});
    const isFirst = (line: string): boolean => namesOf(JSON.parse(line) as Listed)[0] === 'upload_job';
    await waitFor(() => watch.stdout().split('\n').slice(0, -1).find(isFirst), watch);
    watch.process.kill('SIGTERM');
    await watch.finished;
  });
});

it.each([
  [['--sort', 'rate'], 'USAGE'],
  [['--sort', 'rate', '--server', 'http://127.0.0.1:1'], 'USAGE'],
  [['--sort', 'size'], 'USAGE'],
  [['--mode', 'file', '--limit', '1'], 'USAGE'],
  [['--mode', 'file', '--after', 'a'], 'USAGE'],
  [['--mode', ''], 'INVALID_MODE'],
])('status %j is an error with exit status 2', async (args, code) => {
  expect(await cliError(['status', ...args], {cwd: makeWorkspace()})).toMatchObject({code, exit: 2});
});

it('--mode hides no problem of the schema', async () => {
  const {status, stdout} = await cli(['status', '--json', '-m', 'file'], {cwd: makeWorkspace()});
  expect(status).toBe(3);
  expect(JSON.parse(stdout)).toHaveProperty('error.code', 'DATABASE_MISSING');
});

it('a service marks a raised mode and warns of it', async () => {
  const cwd = makeWorkspace();
  const server = await startServer(['--sync'], {cwd});
  for (const mode of ['file', 'other']) await ask(server.url, `/getid?mode=${mode}&range=10`);
  await makeSqliteDatabase(join(cwd, 'db.sqlite3')).execute(
    `UPDATE uniqueindex SET "index" = 4 WHERE id = 'other'`,
  );
  expect((await ask(server.url, '/getid?mode=other&range=1')).status).toBe(200);
  const {modes, database} = await list(cwd, ['--server', server.url]);
  expect(modes).toMatchObject([
    {mode: 'file', raised: false, quarantined: false},
    {mode: 'other', raised: true, quarantined: false},
  ]);
  expect(database.warnings).toEqual([expect.stringContaining('"other"')]);
  const page = JSON.parse((await ask(server.url, '/dashboard.json')).body) as DashboardDocument;
  expect(page.modes?.rows).toMatchObject([
    {mode: 'other', isWarned: true, isRaised: true},
    {mode: 'file', isWarned: false, isRaised: false},
  ]);
  expect((await ask(server.url, '/dashboard')).body).toContain('<span class="flag">raised</span>');
});

it('a service marks a quarantined mode and warns of it', async () => {
  const cwd = makeWorkspace();
  const server = await startServer(['--sync'], {cwd, env: {UNIQUEID_ON_REGRESSION: 'stop'}});
  await ask(server.url, '/getid?mode=file&range=10');
  await ask(server.url, '/getid?mode=other&range=10');
  await makeSqliteDatabase(join(cwd, 'db.sqlite3')).execute(
    `UPDATE uniqueindex SET "index" = 4 WHERE id = 'file'`,
  );
  expect((await ask(server.url, '/getid?mode=file&range=1')).status).toBe(503);
  const {modes, database} = await list(cwd, ['--server', server.url]);
  expect(modes).toMatchObject([
    {mode: 'file', quarantined: true},
    {mode: 'other', quarantined: false},
  ]);
  expect(database.warnings).toEqual([expect.stringMatching(/"file".*reset --mode file --at-least 10/)]);
});
