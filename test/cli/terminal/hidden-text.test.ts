import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import Database from 'better-sqlite3';
import {describe, expect, it} from 'vitest';
import {cli, startServer} from '../../helpers/programs/cli.js';
import {ask} from '../../helpers/network/http.js';
import {screens} from '../../helpers/programs/screens.js';
import {openTerminal} from '../../helpers/programs/terminal.js';
import {serving} from '../../helpers/network/listening.js';
import {makeWorkspace} from '../../helpers/folders/workspace.js';

/** Matches control and format characters except the line break, which ends the lines of this program. */
const forbidden = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/**
 * Escapes for a title, hidden text and a colour, a change of direction, line breaks and a zero-width
 * character.
 */
const POISON = 'a\u001b]0;pwned\u0007b\u001b[8mc\u009b31md\u202egpj\u2028e\nf\u200bg';
const SHOWN = String.raw`a\u{1b}]0;pwned\u{7}b\u{1b}[8mc\u{9b}31md\u{202e}gpj\u{2028}e\u{a}f\u{200b}g`;

/** A valid mode that looks like another one. */
const BIDI = 'file\u202egpj';
const BIDI_SHOWN = String.raw`file\u{202e}gpj`;

/** Makes a database whose modes another program has written. */
async function poisoned(...modes: readonly string[]): Promise<string> {
  const cwd = makeWorkspace();
  await cli(['dbsync'], {cwd});
  const database = new Database(join(cwd, 'db.sqlite3'));
  const insert = database.prepare('insert into uniqueindex values (?, ?)');
  for (const mode of modes) insert.run(mode, 7);
  database.close();
  return cwd;
}

/** Starts a service with one answer for every request. */
function serviceThatSays(status: number, document: unknown): Promise<string> {
  return serving((_, response) => {
    response.writeHead(status, {'content-type': 'application/json'}).end(JSON.stringify(document));
  });
}

const poisonedStatus = {
  version: POISON,
  service: {uptimeSeconds: 1},
  database: {
    kind: 'sqlite',
    location: POISON,
    identity: POISON,
    schema: POISON,
    product: POISON,
    sizeBytes: null,
    durability: POISON,
    warnings: [POISON],
  },
  schema: {
    version: POISON,
    safe: false,
    problem: {code: 'SCHEMA_TOO_OLD', message: POISON, hint: POISON},
  },
  modes: [{mode: POISON, next: 7, usedShare: 0, remaining: 8, highWaterMark: null}],
  more: true,
};

describe('hidden text in a pipe', () => {
  it.each([
    ['status', ['status']],
    ['status, the hint for the next page', ['status', '--limit', '1']],
    ['reset --all --dry-run', ['reset', '--all', '--to', '8', '--dry-run']],
    ['the record of reset --all', ['reset', '--all', '--to', '8', '--yes']],
    ['a mode that does not exist', ['reset', '--mode', 'a\u202e\u200b', '--to', '8']],
    ['a file name', ['status', '--config', 'none\u001b]0;x\u0007\u202e.ini']],
    ['a database', ['status', '--database', 'sqlite:///none%1b%5d0;x%07\u202e.sqlite3']],
    ['a flag', ['status', '-\u202e']],
    ['a value', ['status', '--limit', '\u202e\u009b1']],
    ['a copy', ['dbsync', '--from', 'sqlite:///db.sqlite3', '--database', 'sqlite:///new\u202e.sqlite3']],
  ])('is visible: %s', async (_, args) => {
    const cwd = await poisoned(POISON, BIDI);
    const {stdout, stderr} = await cli(args, {cwd});
    expect(stdout + stderr).toMatch(/\\u\{|\\u[0-9a-f]{4}/);
    expect(stdout).not.toMatch(forbidden);
    expect(stderr).not.toMatch(forbidden);
  });

  it('is visible in the error of a task', async () => {
    const cwd = await poisoned();
    const database = new Database(join(cwd, 'db.sqlite3'));
    database.prepare('insert into uniqueindex values (?, ?)').run(BIDI, -5);
    database.close();
    const args = ['dbsync', '--from', 'sqlite:///db.sqlite3', '--database', 'sqlite:///new.sqlite3'];
    const {status, stderr} = await cli(args, {cwd});
    expect(status).toBe(1);
    expect(stderr.split(BIDI_SHOWN)).toHaveLength(3);
    expect(stderr).not.toMatch(forbidden);
  });

  it('is visible in configured values', async () => {
    const cwd = makeWorkspace();
    const env = {UNIQUEID_ERROR_FILE: 'x\u001b]0;x\u0007', UNIQUEID_ALLOWED_MODES: 'a\u202eb'};
    const {stdout} = await cli(['status', '--config-sources'], {cwd, env});
    expect(stdout).toContain(String.raw`\u{202e}`);
    expect(stdout).not.toMatch(forbidden);
  });

  it('is visible in every text of an answer of a service', async () => {
    const cwd = makeWorkspace();
    const server = await serviceThatSays(200, poisonedStatus);
    const {stdout, stderr} = await cli(['status', '--limit', '1', '--server', server], {cwd});
    expect(stdout.split(SHOWN).length).toBeGreaterThan(8);
    expect(stdout).not.toMatch(forbidden);
    expect(stderr).toBe('');
    const failing = await serviceThatSays(409, {message: POISON});
    const failed = await cli(['getid', '-m', 'file', '--server', failing], {cwd});
    expect(failed.status).toBe(7);
    expect(failed.stderr).toContain(SHOWN);
    expect(failed.stderr).not.toMatch(forbidden);
  });

  it('is exact in --json', async () => {
    const cwd = await poisoned(POISON);
    const {stdout} = await cli(['status', '--json'], {cwd});
    expect((JSON.parse(stdout) as {modes: {mode: string}[]}).modes[0]?.mode).toBe(POISON);
    expect(stdout).toContain('\u202e');
  });

  it('is no candidate of completion', async () => {
    const cwd = await poisoned(POISON, BIDI, 'plain');
    const {stdout} = await cli(['complete', '--', 'getid', '--mode', ''], {cwd});
    expect(stdout).toBe('plain\n');
  });
});

describe('hidden text on a terminal', () => {
  it('is visible in status, in aligned columns', async () => {
    const cwd = await poisoned(POISON, 'plain');
    const terminal = await openTerminal(['status'], {cwd, columns: 160});
    expect(await terminal.ended()).toBe(0);
    const rows = await terminal.rows();
    const cells = rows.filter((row) => row.startsWith(SHOWN) || row.startsWith('plain'));
    expect(cells).toHaveLength(2);
    expect(new Set(cells.map((row) => row.indexOf(' 7'))).size).toBe(1);
  });

  it('is visible in status --watch', async () => {
    const cwd = await poisoned(POISON);
    const terminal = await openTerminal(['status', '--watch', '0.2'], {cwd, columns: 200});
    await terminal.shows(SHOWN);
    await terminal.press('C-c');
    expect(await terminal.ended()).toBe(130);
  });

  it('is visible in the list of getid, which allocates from the selected mode', async () => {
    const cwd = await poisoned(BIDI, 'fileother');
    const terminal = await openTerminal(['getid'], {cwd});
    await terminal.shows(BIDI_SHOWN);
    await terminal.type('u{202e}gpj');
    await terminal.shows(`❯ ${BIDI_SHOWN}`);
    await terminal.press('Enter');
    expect(await terminal.ended()).toBe(0);
    expect(await terminal.shows('startIndex')).toContain('{"endIndex": 7, "startIndex": 7}');
    const {stdout} = await cli(['getid', '-m', BIDI, '--format', 'plain'], {cwd});
    expect(stdout).toBe('8 8\n');
  });

  it('is not offered as a new mode when it is typed as it is shown', async () => {
    const cwd = await poisoned(BIDI);
    const terminal = await openTerminal(['getid'], {cwd});
    await terminal.shows(`❯ ${BIDI_SHOWN}`);
    await terminal.type(BIDI_SHOWN);
    // The question shows the typed text, and the list below still has the mode.
    const screen = await terminal.shows(screens.typed(BIDI_SHOWN));
    expect(screen).not.toMatch(screens.newMode(BIDI_SHOWN));
  });

  it('is visible in the questions of reset, and can be typed as displayed', async () => {
    const cwd = await poisoned(BIDI);
    const terminal = await openTerminal(['reset', '--to', '3'], {cwd, columns: 120});
    await terminal.shows(`❯ ${BIDI_SHOWN}`);
    await terminal.press('Enter');
    await terminal.shows(screens.nameRequest(BIDI_SHOWN));
    await terminal.type(BIDI_SHOWN);
    await terminal.press('Enter');
    expect(await terminal.ended()).toBe(0);
    const {stdout} = await cli(['getid', '-m', BIDI, '--format', 'plain'], {cwd});
    expect(stdout).toBe('3 3\n');
  });

  it('must be typed to confirm a reset; a name that looks alike is rejected', async () => {
    const cwd = await poisoned(BIDI);
    const terminal = await openTerminal(['reset', '-m', BIDI, '--to', '3'], {cwd, columns: 120});
    await terminal.shows(screens.nameRequest(BIDI_SHOWN));
    await terminal.type('filegpj');
    await terminal.press('Enter');
    expect(await terminal.ended()).toBe(6);
  });
});

it('hidden text is visible in log records, which keep its value', async () => {
  const cwd = makeWorkspace();
  const file = 'errors.log';
  const database = `sqlite:///d\u202eb\u009b.sqlite3`;
  const env = {UNIQUEID_ERROR_FILE: file, PEEWEE_URL: database};
  const server = await startServer(['--sync'], {cwd, env});
  await ask(server.url, '/getid?mode=file&range=1');
  server.process.kill('SIGTERM');
  const {stderr} = await server.finished;
  const log = readFileSync(join(cwd, file), 'utf8');
  for (const text of [log, stderr]) {
    expect(text).toContain(String.raw`\u202e`);
    expect(text).not.toMatch(forbidden);
  }
  const records = log
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as {database?: string});
  expect(records.map((record) => record.database)).toContain(join(cwd, 'd\u202eb\u009b.sqlite3'));
});

it('hidden text is visible in warnings of the process', async () => {
  const cwd = makeWorkspace();
  writeFileSync(
    join(cwd, 'warn.cjs'),
    String.raw`setImmediate(() => process.emitWarning('a\u001b]0;x\u0007\u202e'))`,
  );
  const {status, stderr} = await cli(['--version'], {cwd, env: {NODE_OPTIONS: '--require ./warn.cjs'}});
  expect(status).toBe(0);
  expect(stderr).toContain(String.raw`a\u{1b}]0;x\u{7}\u{202e}`);
  expect(stderr).not.toMatch(forbidden);
});
