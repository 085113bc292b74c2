import {readFileSync} from 'node:fs';
import {inspect} from 'node:util';
import {describe, expect, it} from 'vitest';
import {Client} from '../../../src/client.js';
import {cli, startCli} from '../../helpers/programs/cli.js';
import {untilWaiting} from '../../helpers/programs/screens.js';
import {makeWorkspace} from '../../helpers/folders/workspace.js';

/** Commands with a secret among their arguments that wait for an unreachable database or service. */
const lines: readonly (readonly string[])[] = [
  ['getid', '-m', 'file', '--database', 'postgresql://u:hush-hush@127.0.0.1:1/x'],
  ['serve', '--port', '0', '--database=mysql://u:hush-hush@127.0.0.1:1/x'],
  ['dbsync', '--from', 'postgresql://u:hush-hush@127.0.0.1:1/x'],
  ['status', '--watch', '1', '--server', 'http://127.0.0.1:1', '--token', 'hush-hush'],
];

describe.runIf(process.platform === 'linux')('a secret on the command line', () => {
  it.each(lines)('appears neither in ps nor in the output: %s %s %s %s', async (...line) => {
    const command = startCli(line, {cwd: makeWorkspace()});
    await untilWaiting(command);
    // The source of ps.
    const shown = readFileSync(`/proc/${String(command.process.pid)}/cmdline`, 'utf8');
    expect(shown).toContain(`uniqueid ${line[0]}`);
    expect(shown + command.stderr() + command.stdout()).not.toContain('hush-hush');
  });
});

/** Valid and invalid ways to put a secret into the URL of a service. */
const serverUrls = [
  'http://u:hush-hush@127.0.0.1:1',
  'http://hush-hush@127.0.0.1:1',
  'http://u:hush-hush@',
  'http://u:hush-hush',
  'http://u:hush-hush@[::1',
  'http://u:p/hush-hush@127.0.0.1:1',
  'http://u:1/hush-hush@127.0.0.1:1',
  'http://u:p?hush-hush@127.0.0.1:1',
  'http://u:p#hush-hush@127.0.0.1:1',
  'http://u:p@hush-hush@127.0.0.1:1',
  'http://u:a b hush-hush@127.0.0.1:1',
  'http:///u:hush-hush@127.0.0.1:1',
  'http:u:hush-hush@127.0.0.1:1',
  String.raw`http:\\u:hush-hush@127.0.0.1:1`,
  'u:hush-hush@127.0.0.1:1',
  'hush-hush@127.0.0.1:1',
  'postgresql://u:hush-hush@127.0.0.1:1/x',
  'http://127.0.0.1:1/?token=hush-hush',
  'http://127.0.0.1:1?token=hush-hush',
  'http://127.0.0.1:1/#hush-hush',
  'http://127.0.0.1:x/?token=hush-hush',
];

it.each(serverUrls)('the error of the client library hides the secret in %s', (url) => {
  let shown = '';
  try {
    new Client({servers: [url]}).close();
  } catch (error) {
    shown = inspect(error);
  }
  expect(shown).toContain('USAGE');
  expect(shown).not.toContain('hush-hush');
});

describe.each([
  'http://u:hush-hush@127.0.0.1:1',
  'http://u:p/hush-hush@127.0.0.1:1',
  'http://127.0.0.1:1/?token=hush-hush',
])('the secret in --server %s', (url) => {
  it.each([
    ['getid', '-m', 'file', '--retries', '0', '--server', url],
    ['status', '--server', url],
    ['reset', '--all', '--to', '0', '--yes', '--server', url],
    ['getid', '-m', 'file', '--server', url, '--database', 'sqlite:///db.sqlite3'],
    ['getid', '-m', 'file', '--database', 'postgresql://u:hush-hush@127.0.0.1:1/x', '--server', url],
    ['getid', '-m', 'file', `--sever=${url}`],
    ['status', url],
  ])('is hidden by %s %s %s', async (...line) => {
    const cwd = makeWorkspace();
    if (line[0] === 'reset') {
      await cli(['dbsync'], {cwd});
      await cli(['getid', '-m', 'file'], {cwd});
    }
    for (const args of [line, [...line, '--json']]) {
      const {status, stdout, stderr} = await cli(args, {cwd});
      expect(stdout + stderr).not.toContain('hush-hush');
      expect(status, stderr).toBe(2);
    }
  });
});

it.each([
  ['getid', '-m', 'file', '--databse=hush-hush'],
  ['getid', '-m', 'file', '-dhush-hush'],
  ['status', '--databasepostgresql://u:hush-hush@h/x'],
  ['status', '-c=postgresql://u:hush-hush@h/x'],
  ['status', '--timeout', 'postgresql://u:hush-hush@h/x'],
  ['status', '--watch', 'postgresql://u:hush-hush@h/x'],
  ['status', '--limit', 'postgresql://u:hush-hush@h/x'],
  ['reset', '--all', '--yes', '--to', 'postgresql://u:hush-hush@h/x'],
  ['completion', 'postgresql://u:hush-hush@h/x'],
  ['--databse=hush-hush', 'status'],
])('a secret in a mistyped command line is hidden: %s %s %s %s', async (...line) => {
  const {status, stdout, stderr} = await cli(line, {cwd: makeWorkspace()});
  expect(stdout + stderr).not.toContain('hush-hush');
  expect(status, stderr).toBe(2);
});

it('an invalid URL of a service without a secret is in the error', async () => {
  const cwd = makeWorkspace();
  for (const url of ['127.0.0.1', 'ftp://ids.example.org/x', 'http://ids.example.org:99999']) {
    const {status, stderr} = await cli(['status', '--server', url], {cwd});
    expect(status).toBe(2);
    expect(stderr).toContain(url);
  }
});
