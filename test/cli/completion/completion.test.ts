import {execFile, execFileSync} from 'node:child_process';
import {chmodSync, existsSync, readFileSync, writeFileSync} from 'node:fs';
import {delimiter, join} from 'node:path';
import {promisify} from 'node:util';
import {describe, expect, it} from 'vitest';
import {completionInstall, completionScripts} from '../../../src/cli/completion/scripts.js';
import {cli} from '../../helpers/programs/cli.js';
import {openTerminal, type Terminal} from '../../helpers/programs/terminal.js';
import {needs} from '../../helpers/run/needs.js';
import {copyFixture, makeWorkspace, root} from '../../helpers/folders/workspace.js';

function archive(): string {
  const cwd = makeWorkspace();
  copyFixture('pacifica-1.0.sqlite3', cwd, 'db.sqlite3');
  return cwd;
}

/** Returns the lines that the program prints for a command line whose last word is incomplete. */
async function lines(cwd: string, ...words: string[]): Promise<string[]> {
  const {status, stdout, stderr} = await cli(['complete', '--', ...words], {cwd});
  expect({status, stderr}).toEqual({status: 0, stderr: ''});
  return stdout.split('\n').slice(0, -1);
}

/** Returns the candidates without their descriptions. */
async function candidates(cwd: string, ...words: string[]): Promise<string[]> {
  return (await lines(cwd, ...words)).map((line) => line.replace(/\t.*/, ''));
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
    [
      ['help', 'e'],
      ['exit-codes', 'environment'],
    ],
    [['help', 'getid', ''], []],
    [['token', 'x', '--w'], ['--write']],
    [['getid', '--config', ''], []],
    [['nothing', ''], []],
  ])('offers for %j the candidates %j', async (words, expected) => {
    expect(await candidates(archive(), ...words)).toEqual(expected);
  });

  it('describes every command, flag and topic in one line, but no value', async () => {
    const cwd = archive();
    for (const words of [[''], ['getid', '--'], ['token', '--'], ['help', '']])
      for (const line of await lines(cwd, ...words)) expect(line).toMatch(/^[^\t]+\t[^\t]*[^\t.]$/);
    for (const words of [
      ['getid', '--mode', ''],
      ['getid', '--format', ''],
      ['completion', ''],
    ])
      for (const line of await lines(cwd, ...words)) expect(line).not.toContain('\t');
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
_describe() { print -l -- "\${(@)\${(@P)2}%%:*}" }; _files() { print FILES }
words=("$@"); CURRENT=$#; _uniqueid`,
  fish: `uniqueid completion fish | source
set -l escaped (string escape -- $argv[1..-2]); complete -C (string join ' ' -- $escaped $argv[-1]) | string replace -r '\\t.*' ''; true`,
} as const;

describe.each(Object.entries(shells) as [keyof typeof shells, string][])(
  'completion in %s',
  (shell, program) => {
    needs(shell).it('offers commands, flags and modes', async () => {
      const cwd = archive();
      installCommand(cwd);
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

describe('completion in a zsh on a terminal', () => {
  needs('zsh', 'tmux').it.each([
    ['autoloaded', 'fpath=(~/.zfunc $fpath); autoload -Uz compinit; compinit -u'],
    ['sourced', 'autoload -Uz compinit; compinit -u; source <(uniqueid completion zsh)'],
  ])('works at the first Tab and shows descriptions if the script is %s', async (_, rc) => {
    const cwd = installed();
    writeFileSync(join(cwd, '.zshrc'), `${rc}\nPS1='READY> '\n`);
    const terminal = await openShell('zsh -i', cwd);
    await terminal.shows('READY>');
    await terminal.type('uniqueid getid --ex');
    await terminal.press('Tab');
    await terminal.shows('--existing ');
    await terminal.press('C-u');
    await terminal.type('uniqueid ');
    await terminal.press('Tab');
    await terminal.shows(/^dbsync +-- \w.*$/m);
  });
});

describe('completion in a bash on a terminal', () => {
  needs('bash', 'tmux').it('shows descriptions at the second Tab, which inserts nothing', async () => {
    const cwd = installed();
    writeFileSync(join(cwd, '.bashrc'), `source <(uniqueid completion bash)\nPS1='READY> '\n`);
    const terminal = await openShell('bash -i', cwd);
    await terminal.shows('READY>');
    await terminal.type('uniqueid ');
    await terminal.press('Tab');
    await terminal.press('Tab');
    await terminal.shows(/^dbsync +\(\w.*\)$/m);
    await terminal.type('db');
    await terminal.press('Tab');
    await terminal.shows(/^READY> uniqueid dbsync/m);
  });
});

/** Makes a folder with the command on its path, and with the script in the folder that the help names. */
function installed(): string {
  const cwd = archive();
  installCommand(cwd);
  const {command} = installLine('zsh');
  execFileSync('sh', ['-c', command], {
    cwd,
    env: {PATH: `${cwd}${delimiter}${process.env['PATH']}`, HOME: cwd},
  });
  return cwd;
}

/** Opens an interactive shell in a terminal. */
function openShell(command: string, cwd: string): Promise<Terminal> {
  const env = {PATH: `${cwd}${delimiter}${process.env['PATH']}`, LC_ALL: 'C.UTF-8'};
  return openTerminal([], {cwd, env, program: command.split(' ')});
}

it.each(['bash', 'zsh', 'fish'] as const)(
  'the installation of %s makes the folder that it needs',
  (shell) => {
    const cwd = archive();
    installCommand(cwd);
    const {command, file} = installLine(shell);
    execFileSync('sh', ['-c', command], {
      cwd,
      env: {PATH: `${cwd}${delimiter}${process.env['PATH']}`, HOME: cwd},
    });
    expect(readFileSync(join(cwd, file), 'utf8')).toBe(completionScripts[shell]);
  },
);

function installLine(shell: keyof typeof completionInstall): {command: string; file: string} {
  const command = completionInstall[shell];
  return {command, file: command.replace(/.*> ~\//, '')};
}

function installCommand(cwd: string): void {
  const link = join(cwd, 'uniqueid');
  writeFileSync(link, `#!/bin/sh\nexec '${process.execPath}' '${join(root, 'bin', 'run.js')}' "$@"\n`);
  chmodSync(link, 0o755);
}
