import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {cli, startCli, startServer} from '../../helpers/programs/cli.js';
import {failureOf, untilWaiting} from '../../helpers/programs/screens.js';
import {makeSqliteDatabase} from '../../helpers/databases/sqlite-database.js';
import {copyFixture, makeWorkspace, root} from '../../helpers/folders/workspace.js';

/** A folder with a database that has a full counter, a damaged one, and neighbours in other states. */
async function archive(): Promise<string> {
  const cwd = makeWorkspace();
  copyFixture('pacifica-1.0.sqlite3', cwd, 'db.sqlite3');
  copyFixture('pacifica-0.0.sqlite3', cwd, 'old.sqlite3');
  copyFixture('pacifica-1.0.sqlite3', cwd, 'new.sqlite3');
  await makeSqliteDatabase(join(cwd, 'db.sqlite3')).execute(
    `INSERT INTO uniqueindex VALUES ('full', 9223372036854775807), ('damaged', 'x')`,
  );
  await makeSqliteDatabase(join(cwd, 'new.sqlite3')).execute(
    `UPDATE uniqueindexsystem SET value = 2 WHERE part = 'major'`,
  );
  return cwd;
}

const unreachable = ['--database', 'postgresql://u:secret@127.0.0.1:1/x'];

describe('exit status', () => {
  it.each([
    [0, ['getid', '-m', 'file']],
    [1, ['getid', '-m', 'damaged']],
    [2, ['getid', '-m', 'file', '-r', '-1']],
    [2, ['getid', '-m', 'file', '--retries', 'many']],
    [2, ['status', '--nope']],
    [2, ['reset', '--mode', 'unknown', '--to', '5', '--yes']],
    [2, ['status', '--config', 'missing.ini']],
    [3, ['getid', '-m', 'file', '--database', 'sqlite:///missing.sqlite3']],
    [3, ['serve', '--port', '0', '--database', 'sqlite:///old.sqlite3']],
    [3, ['dbsync', '--check', '--database', 'sqlite:///new.sqlite3']],
    [3, ['dbsync', '--database', 'sqlite:///new.sqlite3']],
    [4, ['status', ...unreachable]],
    [4, ['getid', '-m', 'file', ...unreachable]],
    [4, ['serve', ...unreachable]],
    [4, ['dbsync', ...unreachable]],
    [4, ['reset', '-m', 'file', '--to', '5', '--yes', ...unreachable]],
    [5, ['getid', '-m', 'full']],
    [2, ['reset', '-m', 'file', '--yes']],
    [6, ['reset', '-m', 'file', '--to', '5']],
    [6, ['reset', '--all', '--to', '0']],
    [6, ['reset', '-m', 'file', '--to', '5', '--yes']],
    [5, ['reset', '-m', 'full', '--by', '1', '--yes']],
    [1, ['reset', '-m', 'damaged', '--by', '1', '--yes']],
    [7, ['getid', '-m', 'file', '--server', 'http://127.0.0.1:1', '--retries', '0']],
    [7, ['status', '--server', 'http://127.0.0.1:1']],
    [7, ['reset', '-m', 'file', '--to', '5', '--yes', '--server', 'http://127.0.0.1:1']],
  ])('%d: %j, with and without --json', async (expected, args) => {
    const cwd = await archive();
    const env = {DATABASE_CONNECT_ATTEMPTS: '1'};
    for (const further of [[], ['--json']]) {
      const {status, stdout, stderr} = await cli([...args, ...further], {cwd, env});
      expect(status, stdout + stderr).toBe(expected);
      expect(stdout + stderr).not.toMatch(/secret|^ {4}at /m);
      if (expected !== 0 && further.length === 0)
        expect(stderr.trimEnd().split('\n').length).toBeLessThanOrEqual(2);
    }
  });

  it('1: a port that another program uses, with the command that finds that program', async () => {
    const cwd = await archive();
    const {url} = await startServer([], {cwd});
    const {port} = new URL(url);
    const taken = await cli(['serve', '--port', port, '--json'], {cwd});
    expect(taken.status).toBe(1);
    const {code, hint} = failureOf(taken);
    expect(code).toBe('ADDRESS_UNAVAILABLE');
    expect(hint).toContain(`lsof -i :${port}`);
    expect(hint).toContain('--port');
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('after %s during a wait for the database: %i', async (signal, status) => {
    const env = {DATABASE_CONNECT_WAIT: '60'};
    const command = startCli(['dbsync', ...unreachable], {cwd: await archive(), env});
    await untilWaiting(command);
    command.process.kill(signal);
    const finished = await command.finished;
    // A shell shows 128 and the number of the signal in both cases.
    expect(finished.status ?? (finished.signal === 'SIGINT' ? 130 : 143)).toBe(status);
  });

  it('5: a service whose counter is exhausted; 0 for another mode', async () => {
    const cwd = await archive();
    const {url} = await startServer([], {cwd});
    const rejected = await cli(['getid', '-m', 'full', '--server', url], {cwd});
    expect(rejected.status).toBe(5);
    // The message of the service: mode and remaining integers.
    expect(rejected.stderr).toMatch(/"full".*\b0\b/);
    expect((await cli(['getid', '-m', 'file', '--server', url], {cwd})).status).toBe(0);
  });
});

it('no command hangs or prompts if stdin and stdout are closed', async () => {
  const cwd = await archive();
  const {execFile} = await import('node:child_process');
  const {promisify} = await import('node:util');
  const run = join(root, 'bin', 'run.js');
  for (const args of [
    'getid -m file',
    'status',
    'dbsync',
    'dbsync --check',
    'reset --all --to 0 --dry-run',
    '--help',
    'completion zsh',
  ]) {
    const command = `'${process.execPath}' '${run}' ${args} <&- >&-; echo "exit $?" >&2`;
    const {stderr} = await promisify(execFile)('sh', ['-c', command], {
      cwd,
      env: {PATH: process.env['PATH'], HOME: cwd},
      timeout: 20_000,
    });
    // Its integers would be lost.
    const status = args.startsWith('getid') ? 1 : 0;
    expect(stderr, args).toMatch(new RegExp(`^exit ${status}$`, 'm'));
    expect(stderr, args).not.toContain('    at ');
  }
});
