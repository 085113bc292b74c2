import {createHash} from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import {join} from 'node:path';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {formatSection, makeToken} from '../../../src/cli/token/section.js';
import {modeFilter} from '../../../src/lib/core/mode-filter.js';
import {UniqueIDError} from '../../../src/lib/core/errors.js';
import {parseTokens, Tokens} from '../../../src/lib/server/http/tokens.js';
import {makeWorkspace} from '../../helpers/folders/workspace.js';
import {cli, cliError, startServer} from '../../helpers/programs/cli.js';
import {ask} from '../../helpers/network/http.js';

interface Made {
  readonly name: string;
  readonly token: string;
  readonly section: string;
  readonly file: string | null;
}

async function make(args: readonly string[], cwd: string, env = {}): Promise<Made> {
  const {status, stdout, stderr} = await cli(['token', ...args, '--json'], {cwd, env});
  expect({status, stderr}).toEqual({status: 0, stderr: ''});
  return JSON.parse(stdout) as Made;
}

const permissions = (path: string): number => statSync(path).mode & 0o7777;

describe('token', () => {
  it('prints the token once and a section with its hash, and touches no file', async () => {
    const cwd = makeWorkspace();
    const {status, stdout} = await cli(
      ['token', 'ingest', '--modes', 'file,upload_*', '--max-range', '010'],
      {
        cwd,
      },
    );
    const [token = '', empty, ...section] = stdout.trimEnd().split('\n');
    expect({status, empty}).toEqual({status: 0, empty: ''});
    expect(token).toMatch(/^[A-Za-z0-9_][A-Za-z0-9_-]{31,}$/);
    const hash = createHash('sha256').update(token).digest('hex');
    expect(section).toEqual([
      '[ingest]',
      `token_sha256 = ${hash}`,
      'modes = file, upload_*',
      'max_range = 10',
    ]);
    expect(readdirSync(cwd)).toEqual([]);
  });

  it('makes 160 random bits or more, never the same twice', () => {
    const tokens = Array.from({length: 1000}, makeToken);
    expect(new Set(tokens).size).toBe(1000);
    for (const token of tokens)
      expect(Buffer.from(token.slice(token.indexOf('_') + 1), 'base64url').length * 8).toBeGreaterThanOrEqual(
        160,
      );
  });

  it('appends sections that a service accepts; the file holds no token', async () => {
    const cwd = makeWorkspace();
    const env = {UNIQUEID_TOKENS_FILE: 'tokens.ini'};
    const limited = await make(['ingest', '--modes', 'file', '--max-range', '5', '--write'], cwd, env);
    const other = await make(['ann@example.org', '--write'], cwd, env);
    const path = join(cwd, 'tokens.ini');
    expect({file: limited.file, permissions: permissions(path)}).toEqual({
      file: 'tokens.ini',
      permissions: 0o600,
    });
    expect(readFileSync(path, 'utf8')).toBe(`${limited.section}\n${other.section}`);
    expect(readFileSync(path, 'utf8')).not.toContain(limited.token.slice(4));
    const {url} = await startServer(['--sync'], {cwd, env});
    const statusOf = async (token: string, query: string): Promise<number> =>
      (await ask(url, `/getid?${query}`, {headers: {authorization: `Bearer ${token}`}})).status;
    expect(await statusOf(limited.token, 'mode=file&range=5')).toBe(200);
    expect(await statusOf(limited.token, 'mode=file&range=6')).toBe(400);
    expect(await statusOf(limited.token, 'mode=other&range=1')).toBe(403);
    expect(await statusOf(other.token, 'mode=other&range=6')).toBe(200);
    expect(await statusOf(`${other.token}x`, 'mode=file&range=1')).toBe(401);
  });

  it('keeps owner, permissions, links, comments and a last line without an end', async () => {
    const cwd = makeWorkspace();
    const path = join(cwd, 'real.ini');
    const before = `# ours\n[old]\ntoken = ${'x'.repeat(20)}`;
    writeFileSync(path, before);
    chmodSync(path, 0o640);
    const owner =
      process.getuid?.() === 0 ? {uid: 1234, gid: 2345} : {uid: statSync(path).uid, gid: statSync(path).gid};
    chownSync(path, owner.uid, owner.gid);
    symlinkSync('real.ini', join(cwd, 'tokens.ini'));
    const {section} = await make(['new', '--write', '--file', 'tokens.ini'], cwd);
    expect(readFileSync(path, 'utf8')).toBe(`${before}\n\n${section}`);
    expect(permissions(path)).toBe(0o640);
    expect(statSync(path)).toMatchObject(owner);
    expect(readdirSync(cwd).sort()).toEqual(['real.ini', 'tokens.ini']);
  });

  it('adds every section if several commands write at the same time', async () => {
    const cwd = makeWorkspace();
    const names = ['a', 'b', 'c', 'd'];
    const ended = await Promise.all(
      names.map((name) => cli(['token', name, '--write', '--file', 't.ini'], {cwd})),
    );
    const added = names.filter((_, index) => ended[index]?.status === 0);
    for (const {status} of ended) expect([0, 6]).toContain(status);
    expect(
      parseTokens(readFileSync(join(cwd, 't.ini'), 'utf8'), 't.ini')
        .map(({name}) => name)
        .sort(),
    ).toEqual(added);
    expect(readdirSync(cwd)).toEqual(['t.ini']);
  });

  const valid = `[old]\ntoken = ${'x'.repeat(20)}\n`;

  it.each([
    ['an existing name', valid, 0o600, 'old', 6, 'REJECTED'],
    ['a broken file', 'no section', 0o600, 'new', 2, 'CONFIG_INVALID'],
    ['a file that others may write', valid, 0o622, 'new', 2, 'CONFIG_INVALID'],
    [
      'a token that [DEFAULT] gives to every section',
      `[DEFAULT]\ntoken = ${'y'.repeat(20)}\n`,
      0o600,
      'new',
      2,
      'CONFIG_INVALID',
    ],
  ] as const)('rejects %s, and changes nothing', async (_, text, mode, name, exit, code) => {
    const cwd = makeWorkspace();
    const path = join(cwd, 't.ini');
    writeFileSync(path, text);
    chmodSync(path, mode);
    expect(await cliError(['token', name, '--write', '--file', 't.ini'], {cwd})).toMatchObject({exit, code});
    expect(readFileSync(path, 'utf8')).toBe(text);
    expect(readdirSync(cwd)).toEqual(['t.ini']);
  });

  it('rejects a file that another command is changing, and leaves the draft of that one', async () => {
    const cwd = makeWorkspace();
    writeFileSync(join(cwd, 't.ini.new'), 'draft');
    const error = await cliError(['token', 'a', '--write', '--file', 't.ini'], {cwd});
    expect(error.code).toBe('REJECTED');
    expect(error.hint).toContain('t.ini.new');
    expect(readFileSync(join(cwd, 't.ini.new'), 'utf8')).toBe('draft');
    expect(existsSync(join(cwd, 't.ini'))).toBe(false);
  });

  it.each([
    [[], 'USAGE'],
    [['a', 'b'], 'USAGE'],
    [['a', '--file', 't.ini'], 'USAGE'],
    [['a', '--write'], 'USAGE'],
    [['a', '--max-range', '0'], 'USAGE'],
    [['a', '--max-range', '9223372036854775808'], 'USAGE'],
    [['a', '--modes', ''], 'USAGE'],
    [['a', '--modes', 'x,,y'], 'USAGE'],
    [['a', '--modes', 'a=b'], 'USAGE'],
    [['DEFAULT'], 'USAGE'],
    [['a;b'], 'USAGE'],
    [['a\u202eb'], 'USAGE'],
    [['a', '--write', '--file', 'missing/t.ini'], 'CONFIG_INVALID'],
    [['a', '--write', '--file', '.'], 'CONFIG_INVALID'],
  ])('rejects %j with exit status 2', async (args, code) => {
    expect(await cliError(['token', ...args], {cwd: makeWorkspace()})).toMatchObject({exit: 2, code});
  });
});

describe('a section written with ini', () => {
  const text = fc.oneof(
    fc.string({unit: 'grapheme', maxLength: 20}),
    fc.string({
      unit: fc.constantFrom(...Array.from('ab=:;#%()[]"\'\\.,*s \t\n\u00e9\u3000DEFAULT')),
      maxLength: 12,
    }),
  );

  it('reads back with the name, the modes and the limit that it was made from, or is rejected', () => {
    const seen = {accepted: 0, rejected: 0};
    fc.assert(
      fc.property(
        text,
        fc.option(fc.array(text, {minLength: 1, maxLength: 3}), {nil: undefined}),
        fc.option(fc.bigInt(1n, 2n ** 63n - 1n), {nil: undefined}),
        text,
        (name, list, maxRange, mode) => {
          const modes = list?.join(',');
          const token = makeToken();
          let section: string;
          try {
            section = formatSection(name, token, {modes, maxRange: maxRange?.toString()});
          } catch (error) {
            seen.rejected++;
            expect(error).toMatchObject({code: 'USAGE'});
            expect(error).toBeInstanceOf(UniqueIDError);
            return;
          }
          seen.accepted++;
          // Beside another section, as in a file.
          const [, entry, ...others] = parseTokens(
            `[\u0001]\ntoken = ${'z'.repeat(20)}\n\n${section}`,
            'test',
          );
          expect(others).toEqual([]);
          expect(entry).toMatchObject({name, maxRange});
          expect(entry?.digest).toEqual(createHash('sha256').update(token).digest());
          const meant = modes === undefined ? undefined : modeFilter(modes);
          for (const each of [mode, ...(list ?? []), name])
            expect(entry?.allowedModes?.(each)).toBe(meant?.(each));
        },
      ),
      {numRuns: 3000},
    );
    // Neither always rejected nor always accepted.
    expect(Math.min(seen.accepted, seen.rejected)).toBeGreaterThan(100);
  });

  it('is known to the reader of a service', () => {
    const path = join(makeWorkspace(), 't.ini');
    const token = makeToken();
    writeFileSync(path, formatSection('100% [x] y.z', token, {modes: '50%%, %(a)s*', maxRange: '7'}), {
      mode: 0o600,
    });
    const tokens = new Tokens(path);
    const {name, allowedModes, maxRange} = tokens.authenticate(`Bearer ${token}`);
    expect({name, maxRange}).toEqual({name: '100% [x] y.z', maxRange: 7n});
    expect(['50%%', '%(a)s1', '50%'].map((mode) => allowedModes?.(mode))).toEqual([true, true, false]);
  });
});
