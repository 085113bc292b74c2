import {spawnSync} from 'node:child_process';
import {chmodSync, readFileSync, writeFileSync} from 'node:fs';
import {delimiter, join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {configFile, unitFile} from '../../scripts/debian/texts.js';
import {readPage} from '../helpers/folders/pages.js';
import {makeWorkspace, root} from '../helpers/folders/workspace.js';
import {cli} from '../helpers/programs/cli.js';
import {needs} from '../helpers/run/needs.js';

const read = (...names: readonly string[]): string => readFileSync(join(root, ...names), 'utf8');

/** Runs a command of the Python service beside a `uniqueid` that prints its arguments, one per line. */
function call(
  name: string,
  ...args: readonly string[]
): {status: number | null; words: string[]; stderr: string} {
  const folder = makeWorkspace();
  const program = join(folder, 'uniqueid');
  writeFileSync(program, `#!/bin/sh\nprintf '%s\\n' "$@"\n`);
  chmodSync(program, 0o755);
  const {status, stdout, stderr} = spawnSync('bash', [join(root, 'scripts', 'debian', name), ...args], {
    encoding: 'utf8',
    env: {PATH: [folder, process.env['PATH']].join(delimiter)},
  });
  return {status, words: stdout.split('\n').slice(0, -1), stderr};
}

/** Returns the words that a shell makes of a command. */
function shellWords(command: string): string[] {
  const script = `set -- ${command}; printf '%s\\n' "$@"`;
  return spawnSync('sh', ['-c', script], {encoding: 'utf8'}).stdout.split('\n').slice(0, -1);
}

needs('bash').describe('the commands of the Python service', () => {
  it.each([
    ['pacifica-uniqueid', [], ['serve']],
    [
      'pacifica-uniqueid',
      ['-c', 'my server.conf', '-p8052', '--address=::1'],
      ['serve', '--cpconfig', 'my server.conf', '--port', '8052', '--address', '::1'],
    ],
    ['pacifica-uniqueid', ['-c', `it's "$HOME"`], ['serve', '--cpconfig', `it's "$HOME"`]],
    ['pacifica-uniqueid', ['--config', 'a', '--port', '1'], ['serve', '--cpconfig', 'a', '--port', '1']],
    ['pacifica-uniqueid-cmd', ['dbsync'], ['dbsync']],
    ['pacifica-uniqueid-cmd', ['-c', 'my config.ini', 'dbsync'], ['dbsync', '--config', 'my config.ini']],
    ['pacifica-uniqueid-cmd', ['dbchk'], ['dbsync', '--check']],
    ['pacifica-uniqueid-cmd', ['dbchk', '--equal'], ['dbsync', '--check', '--equal']],
  ])('map %s %j, and show on one line of stderr what to run instead', (name, args, words) => {
    const result = call(name, ...args);
    expect(result).toMatchObject({status: 0, words});
    expect(result.stderr.split('\n')).toHaveLength(2);
    const [, suggested = ''] = /use "(.*)" instead\.$/m.exec(result.stderr) ?? [];
    expect(shellWords(suggested)).toEqual(['uniqueid', ...words]);
  });

  it.each([
    ['pacifica-uniqueid', ['--nonsense']],
    ['pacifica-uniqueid-cmd', []],
    ['pacifica-uniqueid-cmd', ['dbsync', '--equal']],
    ['pacifica-uniqueid-cmd', ['serve']],
  ])('reject %s %j with status 2', (name, args) => {
    const {status, words, stderr} = call(name, ...args);
    expect({status, words}).toEqual({status: 2, words: []});
    expect(stderr).not.toBe('');
  });
});

describe('the files of the Debian package', () => {
  it('set the database alone, and comment out all other settings', async () => {
    const folder = makeWorkspace();
    const files = ['config', 'cpconfig'].map((name) => join(folder, `${name}.ini`));
    for (const file of files)
      writeFileSync(
        file,
        configFile(
          read('docs', file.endsWith('cpconfig.ini') ? 'cpconfig.example.ini' : 'config.example.ini'),
        ),
      );
    const [config = '', cpconfig = ''] = files;
    const args = ['status', '--config-sources', '--json', '--config', config, '--cpconfig', cpconfig];
    const {status, stdout} = await cli(args, {cwd: folder, env: {UNIQUEID_PORT: '', UNIQUEID_ADDRESS: ''}});
    expect(status).toBe(0);
    const {settings} = JSON.parse(stdout) as {settings: {setting: string; value: string; source: string}[]};
    const set = settings.filter(({source}) => source !== 'default');
    expect(set).toMatchObject([
      {setting: 'peewee_url', value: expect.stringContaining('/var/lib/uniqueid/db.sqlite3') as string},
    ]);
  });

  it('run the packaged program', () => {
    expect(unitFile(read('docs', 'systemd', 'uniqueid.service'))).toContain(
      '\nExecStart=/usr/bin/uniqueid serve\n',
    );
  });

  it('rotate logs as the page on logs says', () => {
    expect(readPage(join('docs', 'operate', 'logs.md'))).toContain(
      read('scripts', 'debian', 'uniqueid.logrotate'),
    );
  });
});
