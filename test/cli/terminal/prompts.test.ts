import {describe, expect, it} from 'vitest';
import {cli} from '../../helpers/programs/cli.js';
import {openTerminal} from '../../helpers/programs/terminal.js';
import {copyFixture, makeWorkspace} from '../../helpers/folders/workspace.js';

function archive(): string {
  const cwd = makeWorkspace();
  copyFixture('pacifica-1.0.sqlite3', cwd, 'db.sqlite3');
  return cwd;
}

const next = async (cwd: string, mode: string): Promise<string> =>
  (await cli(['getid', '-m', mode, '--format', 'plain'], {cwd})).stdout;

describe('getid without a mode, on a terminal', () => {
  it('takes from the mode that is picked from the list', async () => {
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

  it('narrows the list to what is typed, and offers it as a new mode', async () => {
    const cwd = archive();
    const terminal = await openTerminal(['getid'], {cwd});
    await terminal.shows('❯ file');
    await terminal.type('uplo');
    const screen = await terminal.shows('❯ upload_job');
    expect(screen).toContain('  uplo (a new mode)');
    expect(screen).not.toContain('mode with space');
    await terminal.press('Down');
    await terminal.shows('❯ uplo (a new mode)');
    await terminal.press('Enter');
    expect(await terminal.ended()).toBe(0);
    expect(await next(cwd, 'uplo')).toBe('1 1\n');
  });

  it('takes nothing when Ctrl-C is pressed', async () => {
    const cwd = archive();
    const terminal = await openTerminal(['getid'], {cwd});
    await terminal.shows('❯ file');
    await terminal.press('C-c');
    expect(await terminal.ended()).toBe(130);
    expect(await terminal.shows('[exit')).toContain('Interrupted; nothing was changed.');
    expect(await next(cwd, 'file')).toBe('251038 251038\n');
  });

  it.each([
    ['--json', {}],
    ['--format=plain', {CI: 'true'}],
  ])('is an error under %s %j', async (flag, env) => {
    const terminal = await openTerminal(['getid', flag], {cwd: archive(), env});
    expect(await terminal.ended()).toBe(2);
    expect(await terminal.shows('No mode is named')).not.toContain('❯');
  });
});

describe('reset without a mode, on a terminal', () => {
  it('moves the mode that is picked from the list', async () => {
    const cwd = archive();
    const terminal = await openTerminal(['reset', '--to', '20'], {cwd});
    await terminal.shows('❯ file');
    await terminal.type('upload');
    await terminal.shows('❯ upload_job');
    await terminal.press('Enter');
    await terminal.shows('Move forward?');
    await terminal.type('y');
    await terminal.press('Enter');
    expect(await terminal.ended()).toBe(0);
    expect(await terminal.shows('moved "upload_job"')).toMatch(
      /^\S+Z \S+@\S+ moved "upload_job" from 3 to 20 in db\.sqlite3$/m,
    );
    expect(await next(cwd, 'upload_job')).toBe('20 20\n');
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
