import {describe, expect, it} from 'vitest';
import stringWidth from 'string-width';
import {cli} from '../../helpers/programs/cli.js';
import {screens} from '../../helpers/programs/screens.js';
import {openTerminal} from '../../helpers/programs/terminal.js';
import {copyFixture, makeWorkspace} from '../../helpers/folders/workspace.js';

function archive(): string {
  const cwd = makeWorkspace();
  copyFixture('pacifica-1.0.sqlite3', cwd, 'db.sqlite3');
  return cwd;
}

/** Commands, with a line of the screen and the exit status. */
const scenes: readonly (readonly [readonly string[], RegExp, number])[] = [
  [['status'], screens.row('file', '251,038'), 0],
  [['status', '--limit', '2'], /^… /m, 0],
  [['status', '--config-sources'], /^peewee_url/m, 0],
  [['reset', '--all', '--to', '9223372036854775807', '--dry-run'], /^file\b/m, 0],
  [['dbsync', '--from', 'sqlite:///db.sqlite3', '--database', 'sqlite:///new.sqlite3'], /^file\b/m, 0],
  [
    ['dbsync', '--from', 'sqlite:///db.sqlite3', '--database', 'sqlite:///none.sqlite3', '--dry-run'],
    /^file\b/m,
    0,
  ],
  [['dbsync', '--check'], /\b1\.0\b/, 0],
  [['getid', '-m', 'file', '-r', '10'], /^\{"endIndex": 251047, "startIndex": 251038\}$/m, 0],
  [['getid', '-m', 'file', '--format', 'list'], /^251038$/m, 0],
  [['getid', '--help'], /^USAGE/m, 0],
  [['--help'], /^COMMANDS/m, 0],
  [['completion', 'bash'], /^complete -o default/m, 0],
  [['reset', '-m', 'fil', '--to', '0', '--yes'], /"file"/, 2],
  [['statis'], /\bstatus\b/, 2],
];

describe.each([40, 80, 200])('on a terminal of %d columns', (columns) => {
  it.each(scenes)('%j prints no row of a table that is too long', async (args, expected, status) => {
    const terminal = await openTerminal(args, {cwd: archive(), columns});
    expect(await terminal.ended()).toBe(status);
    // `shows` joins what the terminal had to wrap.
    const screen = await terminal.shows(/\[exit/);
    expect(screen).toMatch(expected);
    const table = screen
      .split('\n')
      .filter((line) => /^(?:MODE|SETTING|file|upload_job|…|Database|peewee_url)\b/.test(line));
    for (const line of table) expect(stringWidth(line), line).toBeLessThanOrEqual(columns);
    expect(screen).not.toContain('    at ');
  });
});

it('a long error on a terminal is wrapped between words, below its own text', async () => {
  const cwd = archive();
  const args = ['reset', '-m', 'fil', '--to', '0'];
  const terminal = await openTerminal(args, {cwd, columns: 40});
  expect(await terminal.ended()).toBe(2);
  const rows = (await terminal.rows()).slice(0, -1);
  for (const row of rows) expect(row.length, row).toBeLessThanOrEqual(40);
  // The rows hold the error as in a pipe. Only a word longer than a row, such as a path, is cut.
  const {stderr} = await cli(args, {cwd});
  const solid = (text: string): string => text.replaceAll(/\s+/g, '');
  expect(solid(rows.join(''))).toBe(solid(stderr));
  const words = rows.flatMap((row) => row.trim().split(/\s+/));
  for (const word of stderr.split(/\s+/).filter(({length}) => length < 20))
    if (word !== '') expect(words).toContain(word);
});

describe('colour', () => {
  const coloured = /\u001B\[/;

  it('is on a terminal, unless NO_COLOR or TERM=dumb disables it', async () => {
    const cwd = archive();
    for (const [env, expected] of [
      [{}, true],
      [{NO_COLOR: '1'}, false],
      [{TERM: 'dumb'}, false],
      [{NO_COLOR: '1', FORCE_COLOR: '1'}, true],
    ] as const) {
      const terminal = await openTerminal(['status'], {cwd, env});
      await terminal.ended();
      const escapes = (await terminal.escapes()).filter(
        (escape) => escape !== '\u001B[39m' && escape !== '\u001B[0m',
      );
      expect(escapes.length > 0, JSON.stringify(env)).toBe(expected);
    }
  });

  it.each(scenes)('is not in a pipe: %j', async (args, _, status) => {
    const cwd = archive();
    const plain = await cli(args, {cwd});
    expect(plain.status).toBe(status);
    expect(plain.stdout + plain.stderr).not.toMatch(coloured);
    expect(plain.stdout + plain.stderr).not.toContain('    at ');
  });
});
