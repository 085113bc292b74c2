import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {makeSqliteDatabase} from '../../helpers/databases/sqlite-database.js';
import {copyFixture, makeWorkspace} from '../../helpers/folders/workspace.js';
import {cli} from '../../helpers/programs/cli.js';
import {screens} from '../../helpers/programs/screens.js';
import {openTerminal, usualState, type Terminal} from '../../helpers/programs/terminal.js';

/** A database with the modes `m0000` to `m1499`. */
async function manyModes(): Promise<string> {
  const cwd = makeWorkspace();
  await cli(['dbsync'], {cwd});
  await makeSqliteDatabase(join(cwd, 'db.sqlite3')).execute(`
    WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1499)
    INSERT INTO uniqueindex SELECT printf('m%04d', n), n FROM numbers;
  `);
  return cwd;
}

function archive(): string {
  const cwd = makeWorkspace();
  copyFixture('pacifica-1.0.sqlite3', cwd, 'db.sqlite3');
  return cwd;
}

/** Returns the modes on the screen, from the top. */
async function modesOf(terminal: Terminal): Promise<readonly string[]> {
  const rows = await terminal.rows();
  const start = rows.findIndex((row) => row.startsWith('MODE '));
  const end = rows.findIndex((row, index) => index > start && (row === '' || row.startsWith('… ')));
  return rows.slice(start + 1, end).map((row) => row.split(/ {2,}/)[0] ?? '');
}

const watching = ['status', '--watch', '0.2'];

describe.each([40, 80, 120])('the live screen of %d columns', (columns) => {
  it('scrolls, filters and sorts by keys, and reads further modes only if needed', async () => {
    const terminal = await openTerminal(watching, {cwd: await manyModes(), columns});
    await terminal.resize(columns, 20);
    await terminal.shows(/^… 1–\d+ of [^\d\n]+1,000\b/m);
    expect((await modesOf(terminal))[0]).toBe('m0000');
    const {length} = await modesOf(terminal);
    await terminal.press('Down');
    await terminal.shows(/^… 2–/m);
    await terminal.press('PageDown');
    await terminal.shows(new RegExp(`^… ${length + 2}–`, 'm'));
    await terminal.press('PageUp');
    await terminal.press('Up');
    await terminal.shows(/^… 1–/m);
    await terminal.press('End');
    await terminal.shows(/^m0999 /m);
    await terminal.press('Home');
    await terminal.shows(/^m0000 /m);
    await terminal.type('/M14');
    await terminal.shows(/^… 1–\d+ of 100\b/m);
    await terminal.type('9');
    await terminal.shows(/^MODE .*\nm1490 /m);
    await terminal.press('Enter');
    await terminal.press('s');
    await terminal.shows(/^MODE .*\nm1499 /m);
    for (const row of await terminal.rows()) expect(row.length, row).toBeLessThanOrEqual(columns);
    await terminal.press('Escape');
    await terminal.shows(screens.watching());
    await terminal.press('q');
    expect(await terminal.ended()).toBe(0);
    expect(await terminal.state()).toEqual(usualState);
  });
});

describe('the live screen', () => {
  it('types every letter into a filter, q included, and clears it with Escape', async () => {
    const terminal = await openTerminal(watching, {cwd: archive()});
    await terminal.shows(/^file /m);
    await terminal.type('/sqx');
    await terminal.shows(/^\/sqx/m);
    await terminal.press('BSpace');
    await terminal.press('C-u');
    await terminal.type('Ф');
    await terminal.shows(/^\/Ф/m);
    expect(await modesOf(terminal)).toEqual(['Файл']);
    // Escape and the next key arrive as one.
    await terminal.press('Escape');
    await terminal.press('q');
    expect(await terminal.ended()).toBe(0);
  });

  it('keeps its columns when the list changes', async () => {
    const cwd = archive();
    const terminal = await openTerminal(watching, {cwd});
    const heading = /^MODE .*$/m;
    const [first] = heading.exec(await terminal.shows(/^file .* 0\.0 +▁▁/m)) ?? [];
    await terminal.type('/file');
    await terminal.shows(/^\/file/m);
    expect(heading.exec(await terminal.shows(/^file /m))?.[0]).toBe(first);
    const database = makeSqliteDatabase(join(cwd, 'db.sqlite3'));
    await database.execute(`UPDATE uniqueindex SET "index" = 8000000000000000000 WHERE id = 'file'`);
    const [wide] = heading.exec(await terminal.shows(/^file +8,000/m)) ?? [];
    expect(wide).toContain('USED');
    await database.execute(`UPDATE uniqueindex SET "index" = 5 WHERE id = 'file'`);
    expect(heading.exec(await terminal.shows(/^file +5 /m))?.[0]).toBe(wide);
  });

  it('lists damaged and nearly used modes first, those beyond the limit included', async () => {
    const cwd = await manyModes();
    await makeSqliteDatabase(join(cwd, 'db.sqlite3')).execute(
      `INSERT INTO uniqueindex VALUES ('z-big', 9223372036854775801), ('z-broken', 1e30)`,
    );
    const terminal = await openTerminal([...watching, '--limit', '10'], {cwd});
    await terminal.shows(/^z-broken /m);
    expect((await modesOf(terminal)).slice(0, 3)).toEqual(['z-big', 'z-broken', 'm0000']);
  });

  it.each([
    ['Ctrl-C', (terminal: Terminal) => terminal.press('C-c'), 130],
    ['SIGTERM', (terminal: Terminal) => terminal.signal('SIGTERM'), 143],
  ])('restores the terminal after %s', async (_, end, status) => {
    const terminal = await openTerminal(watching, {cwd: archive()});
    await terminal.shows(/^file /m);
    expect(await terminal.state()).toEqual({isAlternate: true, hasCursor: false, isRaw: true});
    await end(terminal);
    expect(await terminal.ended()).toBe(status);
    expect(await terminal.state()).toEqual(usualState);
  });

  it('restores the terminal before it prints an error', async () => {
    const terminal = await openTerminal([...watching, '--mode', 'fil'], {cwd: archive()});
    expect(await terminal.ended()).toBe(2);
    expect(await terminal.shows(/\[exit/)).toContain('"file"');
    expect(await terminal.state()).toEqual(usualState);
  });

  it('shows the footer and no key without a keyboard', async () => {
    const cwd = archive();
    const terminal = await openTerminal(['status', '--watch', '0.2', '--sort', 'rate'], {
      cwd,
      input: '/dev/null',
    });
    const screen = await terminal.shows(/^file /m);
    expect(screen).toMatch(/^Ctrl-C .*rate/m);
    await terminal.press('C-c');
    expect(await terminal.ended()).toBe(130);
  });

  it('stays responsive with 100,000 modes', async () => {
    const cwd = makeWorkspace();
    await cli(['dbsync'], {cwd});
    await makeSqliteDatabase(join(cwd, 'db.sqlite3')).execute(`
      WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < 99999)
      INSERT INTO uniqueindex SELECT printf('mode%05d', n), n FROM numbers;
    `);
    const terminal = await openTerminal([...watching, '--sort', 'used', '--limit', '100000'], {cwd});
    await terminal.shows(/^mode99999 /m);
    await terminal.press('End');
    await terminal.shows(/^mode00000 /m);
    await terminal.type('/de12345');
    await terminal.shows(/^mode12345 /m);
    expect(await modesOf(terminal)).toEqual(['mode12345']);
  });
});
