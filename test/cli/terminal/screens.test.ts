import {mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, it} from 'vitest';
import {cli} from '../../helpers/programs/cli.js';
import {screens as patterns} from '../../helpers/programs/screens.js';
import {structureOf} from '../../helpers/programs/structure.js';
import {openTerminal, type Terminal} from '../../helpers/programs/terminal.js';
import {copyFixture, root} from '../../helpers/folders/workspace.js';
import {atEnd} from '../../helpers/run/shared.js';

const page = join(root, 'docs', 'use', 'command-line.md');

/** A screen of docs/use/command-line.md: the command lines, and the input to the last command. */
interface Scene {
  readonly lines: readonly string[];
  readonly act?: (terminal: Terminal) => Promise<string>;
  /** Starts without a database file. */
  readonly empty?: boolean;
}

const scenes: Readonly<Record<string, Scene>> = {
  getid: {lines: ['getid --mode file --range 10', 'getid -m upload_job --format plain']},
  'getid-prompt': {
    lines: ['getid'],
    act: async (terminal) => {
      await terminal.shows('❯ file');
      await terminal.type('up');
      return terminal.shows('❯ upload_job');
    },
  },
  status: {lines: ['status']},
  'status-watch': {
    lines: ['status --watch 1'],
    act: (terminal) => terminal.shows(/^file .* ▁▁▁$/m),
  },
  'config-sources': {lines: ['status --config-sources']},
  'reset-back': {
    lines: ['reset --mode file --to 1000'],
    act: async (terminal) => {
      await terminal.shows(patterns.nameRequest('file'));
      await terminal.type('file');
      await terminal.press('Enter');
      await terminal.ended();
      return (await terminal.shows(/\[exit/)).replace(/\n\[exit \d+\]$/, '');
    },
  },
  dbsync: {lines: ['dbsync'], empty: true},
  'dbsync-from': {lines: ['dbsync --from sqlite:///db.sqlite3 --database sqlite:///new.sqlite3']},
  serve: {lines: ['serve --port 0'], act: (terminal) => terminal.shows(patterns.serving)},
};

/** Replaces the parts that differ from run to run by constants. */
function steady(screen: string, cwd: string): string {
  return screen
    .replaceAll(cwd, '/srv/uniqueid')
    .replaceAll(/\d+ ms\b/g, '2 ms')
    .replaceAll(/\bwritten \d+ s ago\b/g, 'written 5 s ago')
    .replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:8051')
    .replaceAll(/\S+Z \S+@\S+ moved/g, '2026-11-24T09:30:00.000Z ann@archive moved')
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
    .trimEnd();
}

/** Makes a folder whose path is as long as `/srv/uniqueid`, so that the screens keep their shape. */
function makeShortFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'u-')));
  atEnd(() => {
    rmSync(folder, {recursive: true, force: true});
  });
  return folder;
}

async function capture({lines, act, empty = false}: Scene): Promise<string> {
  const cwd = makeShortFolder();
  if (!empty) {
    copyFixture('pacifica-1.0.sqlite3', cwd, 'db.sqlite3');
    await cli(['getid', '-m', 'file', '-r', '0'], {cwd});
  }
  const shown: string[] = [];
  for (const line of lines) {
    const terminal = await openTerminal(line.split(' '), {cwd});
    const run =
      act ??
      (async () => (
        await terminal.ended(),
        (await terminal.shows(/\[exit/)).replace(/\n?\[exit \d+\]$/, '')
      ));
    shown.push(`$ uniqueid ${line}\n${steady(await run(terminal), cwd)}`);
  }
  return shown.join('\n');
}

const marks = /<!-- screen: (\S+) -->\n(?:\n```text\n([^]*?)\n```\n)?/g;

/** Returns the page with a fresh block below each mark. */
function withScreens(text: string, screens: ReadonlyMap<string, string>): string {
  return text.replaceAll(marks, (mark, name: string) => {
    const screen = screens.get(name);
    return screen === undefined ? mark : `<!-- screen: ${name} -->\n\n\`\`\`text\n${screen}\n\`\`\`\n`;
  });
}

it('the screens of docs/use/command-line.md match the program, apart from wording', async () => {
  const screens = new Map<string, string>();
  for (const [name, scene] of Object.entries(scenes)) screens.set(name, await capture(scene));
  const now = readFileSync(page, 'utf8');
  const shown = new Map([...now.matchAll(marks)].map(([, name = '', screen = '']) => [name, screen]));
  expect([...shown.keys()].sort()).toEqual([...screens.keys()].sort());
  if (process.env['UNIQUEID_UPDATE_SCREENS'] === '1') {
    writeFileSync(page, withScreens(now, screens));
    return;
  }
  for (const [name, screen] of screens)
    expect(
      structureOf(shown.get(name) ?? ''),
      `${name}: run "npm run screens" and check the changes`,
    ).toEqual(structureOf(screen));
});
