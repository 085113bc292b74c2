import {describe, expect, it} from 'vitest';
import stringWidth from 'string-width';
import {cli} from '../../helpers/programs/cli.js';
import {openTerminal} from '../../helpers/programs/terminal.js';
import {copyFixture, makeWorkspace} from '../../helpers/folders/workspace.js';

function archive(): string {
  const cwd = makeWorkspace();
  copyFixture('pacifica-1.0.sqlite3', cwd, 'db.sqlite3');
  return cwd;
}

/** Each command, and a line of the table or list that it draws. */
const scenes: readonly (readonly [readonly string[], RegExp, number])[] = [
  [['status'], /^MODE +NEXT INDEX/m, 0],
  [['status', '--limit', '2'], /^… and more/m, 0],
  [['status', '--config-sources'], /^SETTING/m, 0],
  [['reset', '--all', '--to', '9223372036854775807', '--dry-run'], /^(?:MODE|file)/m, 0],
  [['dbsync', '--from', 'sqlite:///db.sqlite3', '--database', 'sqlite:///new.sqlite3'], /^MODE/m, 0],
  [
    ['dbsync', '--from', 'sqlite:///db.sqlite3', '--database', 'sqlite:///none.sqlite3', '--dry-run'],
    /^MODE/m,
    0,
  ],
  [['dbsync', '--check'], /safe to serve/, 0],
  [['getid', '-m', 'file', '-r', '10'], /^\{"endIndex": 251047, "startIndex": 251038\}$/m, 0],
  [['getid', '-m', 'file', '--format', 'list'], /^251038$/m, 0],
  [['getid', '--help'], /^USAGE/m, 0],
  [['--help'], /^COMMANDS/m, 0],
  [['completion', 'bash'], /^complete -o default/m, 0],
  [['reset', '-m', 'fil', '--to', '0', '--yes'], /Did you mean "file"\?/, 2],
  [['statis'], /Did you mean status\?/, 2],
];

describe.each([40, 80, 200])('on a terminal of %d columns', (columns) => {
  it.each(scenes)('%j draws no line that is too long', async (args, expected, status) => {
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

it('an error goes on below itself, broken between words', async () => {
  const terminal = await openTerminal(['reset', '-m', 'fil', '--to', '0'], {cwd: archive(), columns: 40});
  expect(await terminal.ended()).toBe(2);
  expect(await terminal.rows()).toEqual([
    'Error: The database db.sqlite3 has no',
    '       mode "fil".',
    'Try:   Did you mean "file"?',
    '[exit 2]',
  ]);
});

describe('colour', () => {
  const coloured = /\u001B\[/;

  it('is on a terminal, unless NO_COLOR or TERM=dumb says otherwise', async () => {
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
