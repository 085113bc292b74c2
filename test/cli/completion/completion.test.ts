import {execFile} from 'node:child_process';
import {chmodSync, existsSync, writeFileSync} from 'node:fs';
import {delimiter, join} from 'node:path';
import {promisify} from 'node:util';
import {describe, expect, it} from 'vitest';
import {cli} from '../../helpers/programs/cli.js';
import {needs} from '../../helpers/run/needs.js';
import {copyFixture, makeWorkspace, root} from '../../helpers/folders/workspace.js';

function archive(): string {
  const cwd = makeWorkspace();
  copyFixture('pacifica-1.0.sqlite3', cwd, 'db.sqlite3');
  return cwd;
}

/** Returns the candidates for a command line whose last word is incomplete. */
async function candidates(cwd: string, ...words: string[]): Promise<string[]> {
  const {status, stdout, stderr} = await cli(['complete', '--', ...words], {cwd});
  expect({status, stderr}).toEqual({status: 0, stderr: ''});
  return stdout.split('\n').slice(0, -1);
}

describe('completion', () => {
  it.each([
    [['sta'], ['status']],
    [['getid', '--f'], ['--format']],
    [['getid', '--format', 'p'], ['plain']],
    [
      ['getid', '--mode', ''],
      ['file', 'mode with space', 'upload_job', 'Файл'],
    ],
    [['getid', '-m', 'up'], ['upload_job']],
    [['getid', '--mode', '=', 'up'], ['upload_job']],
    [['getid', '--mode=up'], ['--mode=upload_job']],
    [['reset', '--mode', 'file', '--mode', 'Ф'], ['Файл']],
    [['reset', '--mode', 'file', '--mo'], ['--mode']],
    [['getid', '--mode', 'file', '--mo'], []],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [['help', 'db'], ['dbsync']],
    [['getid', '--config', ''], []],
    [['nothing', ''], []],
  ])('offers for %j the candidates %j', async (words, expected) => {
    expect(await candidates(archive(), ...words)).toEqual(expected);
  });

  it('offers the modes of the database that the line names, and none if that database is missing', async () => {
    const cwd = archive();
    await cli(['getid', '-m', 'elsewhere', '--database', 'sqlite:///b.sqlite3'], {cwd});
    await cli(['dbsync', '--database', 'sqlite:///b.sqlite3'], {cwd});
    await cli(['getid', '-m', 'elsewhere', '--database', 'sqlite:///b.sqlite3'], {cwd});
    expect(await candidates(cwd, 'getid', '--database', 'sqlite:///b.sqlite3', '-m', '')).toEqual([
      'elsewhere',
    ]);
    expect(await candidates(cwd, 'getid', '--database', 'sqlite:///c.sqlite3', '-m', '')).toEqual([]);
    expect(await candidates(cwd, 'getid', '--database', 'postgresql://x@127.0.0.1:1/x', '-m', '')).toEqual(
      [],
    );
    expect(existsSync(join(cwd, 'c.sqlite3'))).toBe(false);
  });
});

/** Per shell, a program that loads the script and prints the candidates of Tab for the given words. */
const shells = {
  bash: `source <(uniqueid completion bash)
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _uniqueid; printf '%s\\n' "\${COMPREPLY[@]}"`,
  zsh: `autoload -Uz compinit && compinit -u -d ./zcompdump; source <(uniqueid completion zsh)
compadd() { print -l -- "\${(@P)2}" }; _files() { print FILES }
words=("$@"); CURRENT=$#; _uniqueid`,
  fish: `uniqueid completion fish | source
set -l escaped (string escape -- $argv[1..-2]); complete -C (string join ' ' -- $escaped $argv[-1]) | string replace -r '\\t.*' ''; true`,
} as const;

describe.each(Object.entries(shells) as [keyof typeof shells, string][])(
  'completion in %s',
  (shell, program) => {
    needs(shell).it('offers commands, flags and modes', async () => {
      const cwd = archive();
      const link = join(cwd, 'uniqueid');
      writeFileSync(link, `#!/bin/sh\nexec '${process.execPath}' '${join(root, 'bin', 'run.js')}' "$@"\n`);
      chmodSync(link, 0o755);
      const offered = async (...words: string[]): Promise<string[]> => {
        const args =
          shell === 'fish'
            ? ['--no-config', '-c', program, 'uniqueid', ...words]
            : ['-c', program, shell, 'uniqueid', ...words];
        const {stdout} = await promisify(execFile)(shell, args, {
          cwd,
          env: {PATH: `${cwd}${delimiter}${process.env['PATH']}`, HOME: cwd, LC_ALL: 'C.UTF-8'},
        });
        return stdout.split('\n').filter((line) => line !== '');
      };
      expect(await offered('res')).toEqual(['reset']);
      expect(await offered('getid', '--form')).toEqual(['--format']);
      expect(await offered('getid', '--mode', 'upl')).toEqual(['upload_job']);
      const [spaced = ''] = await offered('getid', '--mode', 'mode');
      expect(spaced.replaceAll('\\', '')).toBe('mode with space');
    });
  },
);
