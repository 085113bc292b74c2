import {describe, expect, it} from 'vitest';
import {settings} from '../../../src/lib/config/settings.js';
import {errorTable} from '../../../src/lib/core/errors.js';
import {version} from '../../../src/lib/util/version.js';
import {cli, cliError} from '../../helpers/programs/cli.js';
import {openTerminal} from '../../helpers/programs/terminal.js';
import {makeWorkspace} from '../../helpers/folders/workspace.js';

const commands = ['getid', 'serve', 'dbsync', 'status', 'reset', 'token', 'completion', 'version', 'help'];

async function printed(...args: string[]): Promise<string> {
  const {status, stdout, stderr} = await cli(args, {cwd: makeWorkspace()});
  expect({status, stderr}).toEqual({status: 0, stderr: ''});
  return stdout;
}

describe('help', () => {
  it('is the same by every spelling', async () => {
    const all = await printed('--help');
    for (const command of commands) expect(all).toMatch(new RegExp(`^ +${command} {2,}\\w`, 'm'));
    expect(await printed('-h')).toBe(all);
    expect(await printed('help')).toBe(all);
    const own = await printed('getid', '--help');
    for (const args of [
      ['getid', '-h'],
      ['getid', '-m', 'file', '-h'],
      ['help', 'getid'],
    ])
      expect(await printed(...args)).toBe(own);
  });

  it.each(commands.filter((command) => command !== 'help'))('is printed by %s -h', async (command) => {
    expect(await printed(command, '-h')).toContain(`$ uniqueid ${command}`);
  });

  it('is not what -h means as the value of a flag', async () => {
    const cwd = makeWorkspace();
    await cli(['dbsync'], {cwd});
    expect((await cli(['getid', '-m', '-h'], {cwd})).stdout).toBe('{"endIndex": 0, "startIndex": 0}\n');
    expect((await cli(['getid', '-m', 'file', '--', '-h'], {cwd})).status).toBe(2);
  });

  it('lists commands, their flags and the topics with --json', async () => {
    const list = JSON.parse(await printed('help', '--json')) as {
      commands: {name: string; flags: {name: string}[]}[];
      topics: string[];
    };
    expect(list.commands.map(({name}) => name).sort()).toEqual([...commands].sort());
    expect(list.topics).toEqual(['exit-codes', 'environment']);
    for (const args of [
      ['help', 'getid'],
      ['getid', '--help'],
      ['getid', '-h'],
    ]) {
      const own = JSON.parse(await printed(...args, '--json')) as typeof list;
      expect(own.commands).toEqual(list.commands.filter(({name}) => name === 'getid'));
    }
  });

  it('suggests the topic that a misspelt word means', async () => {
    const error = await cliError(['help', 'exit-code'], {cwd: makeWorkspace()});
    expect(error).toMatchObject({code: 'USAGE', exit: 2});
    expect(error.hint).toContain('exit-codes');
  });
});

describe('help exit-codes', () => {
  it('lists every error code below its exit status', async () => {
    const {exitStatuses} = JSON.parse(await printed('help', 'exit-codes', '--json')) as {
      exitStatuses: {status: number; codes: string[]}[];
    };
    const listed = exitStatuses.flatMap(({status, codes}) => codes.map((code) => [code, status] as const));
    expect(Object.fromEntries(listed)).toEqual(
      Object.fromEntries(Object.entries(errorTable).map(([code, {exit}]) => [code, exit])),
    );
    const text = await printed('help', 'exit-codes');
    for (const {status, codes} of exitStatuses) {
      expect(text).toMatch(new RegExp(`^ *${status} {2}\\w`, 'm'));
      for (const code of codes) expect(text).toContain(code);
    }
  });
});

describe('help environment', () => {
  it('lists the variable of every setting with its default', async () => {
    const {variables} = JSON.parse(await printed('help', 'environment', '--json')) as {
      variables: {name: string; default: string | null}[];
    };
    for (const setting of Object.values(settings))
      expect(variables).toContainEqual(
        expect.objectContaining({name: setting.env, default: setting.default}),
      );
    const text = await printed('help', 'environment');
    for (const {name} of variables) expect(text).toMatch(new RegExp(`^${name}$`, 'm'));
  });

  it('fits a terminal of 40 columns, without a broken word', async () => {
    const terminal = await openTerminal(['help', 'environment'], {cwd: makeWorkspace(), columns: 40});
    const screen = await terminal.shows(/\[exit 0\]/);
    const words = (text: string): string[] => text.trim().split(/\s+/);
    const whole = words(await printed('help', 'environment'));
    expect(words(screen).slice(-whole.length - 2, -2)).toEqual(whole);
  });
});

describe('version', () => {
  it('is one line by every spelling', async () => {
    const line = await printed('--version');
    expect(line).toBe(`uniqueid ${version}\n`);
    for (const words of ['-v', '-V', 'version', 'getid --version'])
      expect(await printed(...words.split(' '))).toBe(line);
  });

  it('includes Node.js, SQLite and the platform with --json', async () => {
    for (const args of [
      ['version', '--json'],
      ['--version', '--json'],
      ['--json', '-v'],
    ])
      expect(JSON.parse(await printed(...args))).toEqual({
        version,
        node: process.versions.node,
        platform: `${process.platform}-${process.arch}`,
        sqlite: expect.stringMatching(/^3\.\d+\.\d+$/) as unknown,
      });
  });

  it('rejects an argument', async () => {
    expect(await cliError(['version', 'extra'], {cwd: makeWorkspace()})).toMatchObject({
      code: 'USAGE',
      exit: 2,
    });
  });
});
