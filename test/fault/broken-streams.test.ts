import {existsSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {startProgram, startServer, type Finished} from '../helpers/programs/cli.js';
import {untilWaiting} from '../helpers/programs/screens.js';
import {serving} from '../helpers/network/listening.js';
import {makeSqliteDatabase} from '../helpers/databases/sqlite-database.js';
import {copyFixture, makeWorkspace, root} from '../helpers/folders/workspace.js';

const run = `'${process.execPath}' '${join(root, 'bin', 'run.js')}'`;

function archive(): string {
  const cwd = makeWorkspace();
  copyFixture('pacifica-1.0.sqlite3', cwd, 'db.sqlite3');
  return cwd;
}

/** Runs a command with its streams as a shell redirects them. */
function redirected(args: string, redirections: string, cwd: string): Promise<Finished> {
  return startProgram('bash', ['-c', `${run} ${args} ${redirections}`], {cwd}).finished;
}

/** Runs a command whose stdout is a pipe that its reader closes before the command starts. */
function withoutReader(args: string, cwd: string): Promise<Finished> {
  const program = `set -o pipefail; { while test ! -e gone; do sleep 0.01; done; exec ${run} ${args}; } | { exec <&-; touch gone; }`;
  return startProgram('bash', ['-c', program], {cwd}).finished;
}

async function next(cwd: string, mode: string): Promise<string | undefined> {
  const database = makeSqliteDatabase(join(cwd, 'db.sqlite3'));
  return (await database.query(`SELECT "index" FROM uniqueindex WHERE id = '${mode}'`))[0]?.[0];
}

const commands = [
  'status',
  'status --json',
  'status --config-sources',
  'status --watch 1',
  'status --watch 1 --json',
  'dbsync',
  'dbsync --check --json',
  'completion zsh',
  '--help',
  'getid --help',
  '-h',
  '--version',
  'version --json',
  'help exit-codes',
  'help environment --json',
  'complete -- getid --',
  'reset -m file --to 300000 --dry-run',
  'serve --nonsense --json',
];

describe.each(commands)('%s', (args) => {
  it.each(['>/dev/full', '1</dev/null'])(
    'ends with status 1 and one line on stderr if stdout is %s',
    async (to) => {
      const {status, stderr} = await redirected(args, to, archive());
      expect(stderr).toMatch(/^Error: [^\n]*\((ENOSPC|EBADF)\)\.\n$/);
      expect(status).toBe(args.startsWith('serve') ? 2 : 1);
    },
  );

  it('is no error if the reader has closed the pipe', async () => {
    expect(await withoutReader(args, archive())).toMatchObject({
      status: args.startsWith('serve') ? 2 : 0,
      stderr: '',
    });
  });
});

describe.each(commands.filter((args) => !args.includes('--watch')))('%s', (args) => {
  it.each(['2>/dev/full', '2> >(exec true)', '>/dev/full 2>/dev/full'])(
    'ends with its own status if stderr is broken: %s',
    async (to) => {
      const fails = args.startsWith('serve') ? 2 : to.startsWith('>') ? 1 : 0;
      expect(await redirected(args, to, archive())).toMatchObject({status: fails, stderr: ''});
    },
  );
});

describe('getid', () => {
  it.each(['getid -m file', 'getid -m file -r 3 --format list', 'getid -m file --json', 'getid -m=file'])(
    'allocates nothing if stdout is full: %s',
    async (args) => {
      const cwd = archive();
      const {status, stderr} = await redirected(args, '>/dev/full', cwd);
      expect({status, lines: stderr.split('\n').length}).toEqual({status: 1, lines: 2});
      expect(await next(cwd, 'file')).toBe('251038');
    },
  );

  it('names on stderr the allocated range if the reader has closed the pipe', async () => {
    const {status, stderr} = await withoutReader('getid -m file -r 10', archive());
    expect(stderr).toMatch(/^Error: [^\n]*251038[^\n]*251047[^\n]*\n$/);
    expect(status).toBe(1);
  });

  it('ends with status 0 and without a message if the reader of a list has closed the pipe', async () => {
    const args = 'getid -m file -r 10 --format list';
    expect(await withoutReader(args, archive())).toMatchObject({status: 0, stderr: ''});
  });
});

describe.each([
  ['getid', 'getid -m file'],
  ['getid by oclif', 'getid -m=file'],
  ['reset', 'reset -m file --to 300000 --yes'],
])('%s', (_, args) => {
  it('changes nothing if stdout is closed', async () => {
    const cwd = archive();
    const {status, stderr} = await redirected(args, '>&-', cwd);
    expect(stderr).toMatch(/^Error: [^\n]*\(EBADF\)\.\n$/);
    expect(status).toBe(1);
    expect(await next(cwd, 'file')).toBe('251038');
  });

  it('runs if a shell sends its output to /dev/null', async () => {
    const cwd = archive();
    expect(await redirected(args, '>/dev/null', cwd)).toMatchObject({status: 0, stderr: ''});
    expect(await next(cwd, 'file')).not.toBe('251038');
  });
});

it.each(['getid -m file', 'getid -m=file'])('%s asks no service if stdout is closed', async (args) => {
  const asked: unknown[] = [];
  const url = await serving((request, response) => {
    asked.push(request.url);
    response.end('{"endIndex": 0, "startIndex": 0}');
  });
  const {status} = await redirected(`${args} --server ${url}`, '>&-', archive());
  expect({status, asked}).toEqual({status: 1, asked: []});
});

describe('token', () => {
  it.each(['>&-', '1</dev/null'])('writes no section if stdout is %s', async (to) => {
    const cwd = archive();
    const {status, stderr} = await redirected('token a --write --file t.ini', to, cwd);
    expect({status, lines: stderr.split('\n').length}).toEqual({status: 1, lines: 2});
    expect(existsSync(join(cwd, 't.ini'))).toBe(false);
  });

  it('ends with status 1 if its reader has closed the pipe', async () => {
    const {status, stderr} = await withoutReader('token a --json', archive());
    expect({status, lines: stderr.split('\n').length}).toEqual({status: 1, lines: 2});
  });
});

describe('reset', () => {
  it.each(['', '--json'])('moves nothing if stdout is full before: --yes %s', async (json) => {
    const cwd = archive();
    const {status, stderr} = await redirected(`reset -m file --to 300000 --yes ${json}`, '>/dev/full', cwd);
    expect({status, lines: stderr.split('\n').length}).toEqual({status: 1, lines: 2});
    expect(await next(cwd, 'file')).toBe('251038');
  });

  it('ends with status 1 after the move if its record is lost', async () => {
    const cwd = archive();
    // JSON is written only at the end, after the move.
    const {status, stderr} = await withoutReader('reset -m file --to 300000 --yes --json', cwd);
    expect({status, lines: stderr.split('\n').length}).toEqual({status: 1, lines: 2});
    expect(await next(cwd, 'file')).toBe('300000');
    // The message differs from that of a move that did not happen.
    const unmoved = await redirected('reset -m file --to 400000 --yes', '>/dev/full', archive());
    const withoutReason = (line: string): string => line.replace(/ \(\w+\)\.$/m, '');
    expect(withoutReason(stderr)).not.toBe(withoutReason(unmoved.stderr));
  });

  it('moves nothing if the reader of its table has closed the pipe', async () => {
    const cwd = archive();
    const {status, stderr} = await withoutReader('reset -m file --to 300000 --yes', cwd);
    expect({status, lines: stderr.split('\n').length}).toEqual({status: 1, lines: 2});
    expect(await next(cwd, 'file')).toBe('251038');
  });
});

describe('an exception that nothing catches', () => {
  /** Returns the environment of a program that throws such an exception when it gets SIGUSR2. */
  function breakable(cwd: string): Record<string, string> {
    const path = join(cwd, 'break.cjs');
    writeFileSync(path, `process.on('SIGUSR2', () => { throw new Error('broken on purpose'); });`);
    return {NODE_OPTIONS: `--require ${path}`};
  }

  it('ends a command with status 1 and one line', async () => {
    const cwd = archive();
    const env = {...breakable(cwd), DATABASE_CONNECT_WAIT: '60'};
    const unreachable = ['--database', 'postgresql://u@127.0.0.1:1/x'];
    for (const command of [
      ['status', ...unreachable],
      ['getid', '-m', 'x', ...unreachable],
    ]) {
      const running = startProgram(process.execPath, [join(root, 'bin', 'run.js'), ...command], {cwd, env});
      await untilWaiting(running);
      running.process.kill('SIGUSR2');
      const {status, stderr} = await running.finished;
      expect(stderr.trimEnd().split('\n').slice(1)).toEqual([expect.stringContaining('broken on purpose')]);
      expect(status).toBe(1);
    }
  });

  it('is logged by a service, which then ends with status 1', async () => {
    const cwd = archive();
    const server = await startServer([], {cwd, env: breakable(cwd)});
    server.process.kill('SIGUSR2');
    const {status, stderr} = await server.finished;
    const record = JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '') as unknown;
    expect(record).toMatchObject({level: 'fatal', err: {message: 'broken on purpose'}});
    expect(status).toBe(1);
  });
});
