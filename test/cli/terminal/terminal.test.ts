import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {describe, expect, it} from 'vitest';
import stringWidth from 'string-width';
import {cli} from '../../helpers/programs/cli.js';
import {ask} from '../../helpers/network/http.js';
import {announcedUrl, screens} from '../../helpers/programs/screens.js';
import {openTerminal} from '../../helpers/programs/terminal.js';
import {copyFixture, makeWorkspace} from '../../helpers/folders/workspace.js';

describe('a missing database on a terminal', () => {
  it('is created when a person answers yes', async () => {
    const cwd = makeWorkspace();
    const terminal = await openTerminal(['getid', '-m', 'file', '-r', '10'], {cwd});
    const screen = await terminal.shows(screens.yesNo);
    expect(screen).toContain('db.sqlite3');
    expect(existsSync(join(cwd, 'db.sqlite3'))).toBe(false);
    await terminal.type('y');
    await terminal.press('Enter');
    expect(await terminal.ended()).toBe(0);
    // The last task, then the range.
    expect(await terminal.shows('startIndex')).toMatch(/✔ .+ \(\d+ ms\)\n\{"endIndex": 9, "startIndex": 0\}/);
  });

  it.each([
    ['no', 'n', 'Enter', 3],
    ['nothing', '', 'Enter', 3],
    ['Ctrl-C', '', 'C-c', 130],
  ])('is not created when the answer is %s', async (_, text, key, status) => {
    const cwd = makeWorkspace();
    const terminal = await openTerminal(['serve', '--port', '0'], {cwd});
    await terminal.shows(screens.yesNo);
    if (text !== '') await terminal.type(text);
    await terminal.press(key);
    expect(await terminal.ended()).toBe(status);
    expect(existsSync(join(cwd, 'db.sqlite3'))).toBe(false);
  });

  it('is an error without a question under --json and CI=true', async () => {
    const cwd = makeWorkspace();
    expect(await (await openTerminal(['getid', '-m', 'file', '--json'], {cwd})).ended()).toBe(3);
    expect(await (await openTerminal(['getid', '-m', 'file'], {cwd, env: {CI: 'true'}})).ended()).toBe(3);
    expect(existsSync(join(cwd, 'db.sqlite3'))).toBe(false);
  });
});

describe('reset on a terminal', () => {
  const archive = (): string => {
    const cwd = makeWorkspace();
    copyFixture('pacifica-1.0.sqlite3', cwd, 'db.sqlite3');
    return cwd;
  };
  const next = async (cwd: string): Promise<string> =>
    (await cli(['getid', '-m', 'file', '--format', 'plain'], {cwd})).stdout;

  it('requires a yes to move forward', async () => {
    const cwd = archive();
    const terminal = await openTerminal(['reset', '-m', 'file', '--to', '300000'], {cwd});
    const screen = await terminal.shows(screens.yesNo);
    expect(screen).toMatch(screens.row('file', '251,038', '300,000', '0'));
    await terminal.type('y');
    await terminal.press('Enter');
    expect(await terminal.ended()).toBe(0);
    expect(await next(cwd)).toBe('300000 300000\n');
  });

  it.each([
    ['a yes', 'y', 'Enter', 6],
    ['another mode', 'upload_job', 'Enter', 6],
    ['nothing', '', 'Enter', 6],
    ['Ctrl-C', 'file', 'C-c', 130],
  ])('does not move back after %s', async (_, text, key, status) => {
    const cwd = archive();
    const terminal = await openTerminal(['reset', '-m', 'file', '--to', '0'], {cwd});
    await terminal.shows(screens.nameRequest('file'));
    if (text !== '') await terminal.type(text);
    await terminal.press(key);
    expect(await terminal.ended()).toBe(status);
    expect(await next(cwd)).toBe('251038 251038\n');
  });

  it('moves back after the name of the mode, and moves all modes after their number', async () => {
    const cwd = archive();
    const one = await openTerminal(['reset', '-m', 'file', '--to', '0'], {cwd});
    await one.shows(screens.nameRequest('file'));
    await one.type('file');
    await one.press('Enter');
    expect(await one.ended()).toBe(0);
    expect(await next(cwd)).toBe('0 0\n');
    const all = await openTerminal(['reset', '--all', '--to', '0'], {cwd});
    // The counter of file is at 1 again.
    await all.shows(screens.nameRequest('db.sqlite3 (4)'));
    await all.type('4');
    await all.press('Enter');
    expect(await all.ended()).toBe(0);
    expect((await cli(['getid', '-m', 'upload_job'], {cwd})).stdout).toBe(
      '{"endIndex": 0, "startIndex": 0}\n',
    );
  });

  it('ticks the right name, and never a wrong one', async () => {
    const cwd = archive();
    for (const [text, mark, status] of [
      ['upload_job', '✘', 6],
      ['', '✘', 6],
      ['file', '✔', 0],
    ] as const) {
      const terminal = await openTerminal(['reset', '-m', 'file', '--to', '0'], {cwd});
      await terminal.shows(screens.nameRequest('file'));
      if (text !== '') await terminal.type(text);
      await terminal.press('Enter');
      expect(await terminal.ended()).toBe(status);
      const screen = await terminal.shows('[exit');
      expect(screen).toMatch(new RegExp(`^${mark} .*\\(file\\):`, 'm'));
      expect(screen.includes('✔')).toBe(mark === '✔');
    }
  });

  it('does not move back with --yes alone, but does with --allow-duplicates', async () => {
    const cwd = archive();
    const args = ['reset', '-m', 'file', '--to', '0', '--yes'];
    const asked = await openTerminal(args, {cwd});
    await asked.shows(screens.nameRequest('file'));
    await asked.press('Enter');
    expect(await asked.ended()).toBe(6);
    expect(await (await openTerminal([...args, '--json'], {cwd})).ended()).toBe(6);
    expect(await (await openTerminal([...args, '--allow-duplicates'], {cwd})).ended()).toBe(0);
    expect(await next(cwd)).toBe('0 0\n');
  });

  it.each([40, 80, 120])(
    'shows the danger in red and CURRENT on a terminal of %d columns',
    async (columns) => {
      const cwd = archive();
      const terminal = await openTerminal(['reset', '--all', '--to', '4'], {cwd, columns});
      const screen = await terminal.shows(/^\? [^❯]*\(2\)/m);
      expect(screen.replaceAll(/\s+/g, '')).toContain(join(cwd, 'db.sqlite3'));
      expect(screen).toMatch(/^MODE +CURRENT +NEW\b/m);
      expect(screen).toMatch(screens.row('file', '251,038', '4'));
      expect(screen.replaceAll(/\s+/g, ' ')).toMatch(/\bfile\b [^.]*\b251,034\b/);
      for (const row of await terminal.rows()) expect(stringWidth(row), row).toBeLessThanOrEqual(columns);
      expect(await terminal.escapes()).toContain('\u001B[31m');
      await terminal.press('C-c');
      expect(await terminal.ended()).toBe(130);
      const forward = await openTerminal(['reset', '-m', 'file', '--at-least', '300000'], {cwd, columns});
      await forward.shows(screens.yesNo);
      expect(await forward.escapes()).not.toContain('\u001B[31m');
    },
  );

  it('keeps CURRENT and every digit on 40 columns', async () => {
    const cwd = archive();
    const args = ['reset', '--all', '--to', '9223372036854775807', '--dry-run'];
    const terminal = await openTerminal(args, {cwd, columns: 40});
    expect(await terminal.ended()).toBe(0);
    const rows = await terminal.rows();
    expect(rows).toContainEqual(expect.stringMatching(/^ *CURRENT +251,038$/));
    expect(rows).toContainEqual(expect.stringMatching(/^ *NEW +9,223,372,036,854,775,807$/));
  });

  it('leaves a counter that has passed --at-least before the confirmation', async () => {
    const cwd = archive();
    const args = ['reset', '-m', 'file', '-m', 'upload_job', '--at-least', '251040'];
    const terminal = await openTerminal(args, {cwd, columns: 120});
    await terminal.shows(screens.yesNo);
    await cli(['getid', '-m', 'file', '-r', '100'], {cwd});
    await terminal.type('y');
    await terminal.press('Enter');
    expect(await terminal.ended()).toBe(0);
    const screen = await terminal.shows('[exit');
    expect(screen).toMatch(/Z \S+@\S+ .*"upload_job" .*\b3 .*\b251040 /);
    expect(screen).not.toMatch(/Z \S+@\S+ .*"file"/);
    expect(await next(cwd)).toBe('251138 251138\n');
  });

  it('changes nothing if the counter has moved before the confirmation', async () => {
    const cwd = archive();
    const terminal = await openTerminal(['reset', '-m', 'file', '--to', '0'], {cwd});
    await terminal.shows(screens.nameRequest('file'));
    await cli(['getid', '-m', 'file', '-r', '10'], {cwd});
    await terminal.type('file');
    await terminal.press('Enter');
    expect(await terminal.ended()).toBe(6);
    // The error names the value that the counter has now.
    expect(await terminal.shows('[exit')).toMatch(/\b251,?048\b/);
    expect(await next(cwd)).toBe('251048 251048\n');
  });
});

it('serve on a terminal ends with status 0 on Ctrl-C', async () => {
  const cwd = makeWorkspace();
  const terminal = await openTerminal(['serve', '--sync', '--port', '0'], {cwd});
  await terminal.shows(screens.serving);
  await terminal.press('C-c');
  expect(await terminal.ended()).toBe(0);
});

it('serve ends when its terminal is closed', async () => {
  const cwd = makeWorkspace();
  const terminal = await openTerminal(['serve', '--sync', '--port', '0'], {cwd, columns: 120});
  const url = announcedUrl(await terminal.shows(screens.serving)) ?? '';
  expect((await ask(url, '/getid?mode=file&range=1')).status).toBe(200);
  await terminal.close();
  const isGone = async (): Promise<boolean> => {
    try {
      await ask(url, '/');
      return false;
    } catch {
      return true;
    }
  };
  while (!(await isGone())) await sleep(50);
});
