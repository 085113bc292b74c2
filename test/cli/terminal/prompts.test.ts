import {describe, expect, it} from 'vitest';
import {cli} from '../../helpers/programs/cli.js';
import {screens} from '../../helpers/programs/screens.js';
import {openTerminal} from '../../helpers/programs/terminal.js';
import {copyFixture, makeWorkspace} from '../../helpers/folders/workspace.js';

function archive(): string {
  const cwd = makeWorkspace();
  copyFixture('pacifica-1.0.sqlite3', cwd, 'db.sqlite3');
  return cwd;
}

const next = async (cwd: string, mode: string): Promise<string> =>
  (await cli(['getid', '-m', mode, '--format', 'plain'], {cwd})).stdout;

describe('getid without a mode on a terminal', () => {
  it('allocates from the mode that is selected in the list', async () => {
    const terminal = await openTerminal(['getid', '-r', '2'], {cwd: archive()});
    const screen = await terminal.shows('❯ file');
    expect(screen).toMatch(/ {2}mode with space\n {2}upload_job\n {2}Файл/);
    await terminal.press('Down');
    await terminal.press('Down');
    await terminal.shows('❯ upload_job');
    await terminal.press('Enter');
    expect(await terminal.ended()).toBe(0);
    expect(await terminal.shows('startIndex')).toContain('{"endIndex": 4, "startIndex": 3}');
  });

  it('narrows the list to the typed text, and offers that text as a new mode', async () => {
    const cwd = archive();
    const terminal = await openTerminal(['getid'], {cwd});
    await terminal.shows('❯ file');
    await terminal.type('uplo');
    const screen = await terminal.shows('❯ upload_job');
    expect(screen).toMatch(screens.newMode('uplo'));
    expect(screen).not.toContain('mode with space');
    await terminal.press('Down');
    await terminal.shows(screens.newMode('❯ uplo'));
    await terminal.press('Enter');
    expect(await terminal.ended()).toBe(0);
    expect(await next(cwd, 'uplo')).toBe('1 1\n');
  });

  it('allocates nothing when Ctrl-C is pressed', async () => {
    const cwd = archive();
    const terminal = await openTerminal(['getid'], {cwd});
    await terminal.shows('❯ file');
    await terminal.press('C-c');
    expect(await terminal.ended()).toBe(130);
    // One line of an error ends the screen, without a stack trace.
    expect(await terminal.shows('[exit')).toMatch(/^\w+: .+\n\[exit 130\]$/m);
    expect(await next(cwd, 'file')).toBe('251038 251038\n');
  });

  it.each([
    ['--json', {}],
    ['--format=plain', {CI: 'true'}],
  ])('is an error under %s %j', async (flag, env) => {
    const terminal = await openTerminal(['getid', flag], {cwd: archive(), env});
    expect(await terminal.ended()).toBe(2);
    expect(await terminal.shows('[exit')).not.toContain('❯');
  });
});

describe('reset without a mode on a terminal', () => {
  it('moves the mode that is selected in the list', async () => {
    const cwd = archive();
    const terminal = await openTerminal(['reset', '--to', '20'], {cwd});
    await terminal.shows('❯ file');
    await terminal.type('upload');
    await terminal.shows('❯ upload_job');
    await terminal.press('Enter');
    await terminal.shows(screens.yesNo);
    await terminal.type('y');
    await terminal.press('Enter');
    expect(await terminal.ended()).toBe(0);
    // The record: when, who, which mode, from and to, in which database.
    expect(await terminal.shows('[exit')).toMatch(
      /^\S+Z \S+@\S+ .*"upload_job" .*\b3 .*\b20 .*\bdb\.sqlite3$/m,
    );
    expect(await next(cwd, 'upload_job')).toBe('20 20\n');
  });

  it('asks for the target too, checks it at each key, and takes no invalid one', async () => {
    const cwd = archive();
    const terminal = await openTerminal(['reset'], {cwd});
    await terminal.shows('❯ file');
    await terminal.press('Enter');
    await terminal.shows(/^\? [^]*\(now 251,038\):$/m);
    await terminal.press('Enter');
    await terminal.type('30x');
    await terminal.shows(/^\? .*: 30x\n.*9223372036854775807.*"30x"/m);
    await terminal.press('Enter');
    await terminal.press('BSpace');
    expect(await terminal.shows(/^\? .*: 30$/m)).not.toContain('9223372036854775807');
    await terminal.type('0000');
    await terminal.press('Enter');
    expect(await terminal.shows(screens.yesNo)).toMatch(screens.row('file', '251,038', '300,000', '0'));
    await terminal.type('y');
    await terminal.press('Enter');
    expect(await terminal.ended()).toBe(0);
    expect(await next(cwd, 'file')).toBe('300000 300000\n');
  });

  it('accepts >=N as the target, which lowers nothing', async () => {
    const cwd = archive();
    const terminal = await openTerminal(['reset', '-m', 'file', '--yes'], {cwd});
    await terminal.shows(/^\? [^]*251,038/m);
    await terminal.type('>=1000');
    await terminal.press('Enter');
    expect(await terminal.ended()).toBe(0);
    expect(await next(cwd, 'file')).toBe('251038 251038\n');
  });

  it('accepts +N as the target, but not past the end', async () => {
    const cwd = archive();
    const terminal = await openTerminal(['reset', '-m', 'file', '--yes'], {cwd});
    await terminal.shows(/^\? [^]*251,038/m);
    await terminal.type('+9223372036854775807');
    await terminal.shows(/^[^?\n].*\b251038\b/m);
    for (let key = 0; key < 15; key++) await terminal.press('BSpace');
    await terminal.shows(/: \+9223$/m);
    await terminal.press('Enter');
    expect(await terminal.ended()).toBe(0);
    expect(await next(cwd, 'file')).toBe('260261 260261\n');
  });

  it('moves nothing when Ctrl-C is pressed', async () => {
    const cwd = archive();
    const terminal = await openTerminal(['reset', '--to', '0'], {cwd});
    await terminal.shows('❯ file');
    await terminal.press('C-c');
    expect(await terminal.ended()).toBe(130);
    expect(await next(cwd, 'file')).toBe('251038 251038\n');
  });
});
