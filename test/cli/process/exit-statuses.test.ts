import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {cli, startCli, startServer, waitFor} from '../../helpers/programs/cli.js';
import {makeSqliteDatabase} from '../../helpers/databases/sqlite-database.js';
import {copyFixture, makeWorkspace} from '../../helpers/folders/workspace.js';

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

const away = ['--database', 'postgresql://u:secret@127.0.0.1:1/x'];

describe('every documented exit status', () => {
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
    [4, ['status', ...away]],
    [4, ['getid', '-m', 'file', ...away]],
    [4, ['serve', ...away]],
    [4, ['dbsync', ...away]],
    [4, ['reset', '-m', 'file', '--to', '5', '--yes', ...away]],
    [5, ['getid', '-m', 'full']],
    [2, ['reset', '-m', 'file', '--yes']],
    [6, ['reset', '-m', 'file', '--to', '5']],
    [6, ['reset', '--all', '--to', '0']],
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

  it('1: an address that is taken, with who to ask', async () => {
    const cwd = await archive();
    const {url} = await startServer([], {cwd});
    const {port} = new URL(url);
    const taken = await cli(['serve', '--port', port], {cwd});
    expect(taken.status).toBe(1);
    expect(taken.stderr).toContain(`"lsof -i :${port}" names it; or choose another port with --port`);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s ends a command that waits for its database', async (signal, status) => {
    const env = {DATABASE_CONNECT_WAIT: '60'};
    const command = startCli(['dbsync', ...away], {cwd: await archive(), env});
    await waitFor(() => (command.stderr().includes('Attempt 1 of') ? true : undefined), command);
    command.process.kill(signal);
    const finished = await command.finished;
    // A shell shows 128 and the number of the signal in both cases.
    expect(finished.status ?? (finished.signal === 'SIGINT' ? 130 : 143)).toBe(status);
  });

  it('7: a service that goes on refusing; 0 as soon as it answers again', async () => {
    const cwd = await archive();
    const {url} = await startServer([], {cwd});
    const refused = await cli(['getid', '-m', 'full', '--server', url], {cwd});
    expect(refused.status).toBe(7);
    expect(refused.stderr).toContain('answered 409: mode "full" has 0 integers left');
    expect((await cli(['getid', '-m', 'file', '--server', url], {cwd})).status).toBe(0);
  });
});

it('no command hangs or prompts where stdin and stdout are closed', async () => {
  const cwd = await archive();
  const {execFile} = await import('node:child_process');
  const {promisify} = await import('node:util');
  const {root} = await import('../../helpers/folders/workspace.js');
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
    expect(stderr, args).toMatch(/^exit 0$/m);
    expect(stderr, args).not.toContain('    at ');
  }
});
