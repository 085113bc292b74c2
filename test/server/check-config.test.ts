import {createHash} from 'node:crypto';
import {readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {copyFixture, makeWorkspace} from '../helpers/folders/workspace.js';
import {makeCertificate} from '../helpers/network/certificate.js';
import {cli, cliError} from '../helpers/programs/cli.js';

const check = ['serve', '--check-config'];

/** Makes a folder with a current database. */
function makeArchive(): string {
  const cwd = makeWorkspace();
  copyFixture('pacifica-1.0.sqlite3', cwd, 'db.sqlite3');
  return cwd;
}

/** Returns each file of a folder with the hash of its content. */
const contentsOf = (folder: string): readonly string[] =>
  readdirSync(folder)
    .sort()
    .map(
      (name) =>
        `${name} ${createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex')}`,
    );

describe('serve --check-config', () => {
  it('prints what would be used, exits with 0 and changes nothing', async () => {
    const cwd = makeArchive();
    writeFileSync(join(cwd, 'tokens.ini'), '[a]\ntoken = 0123456789abcdef\n', {mode: 0o600});
    const {certificate, key} = makeCertificate();
    const env = {
      UNIQUEID_TOKENS_FILE: 'tokens.ini',
      UNIQUEID_TLS_CERT: certificate,
      UNIQUEID_TLS_KEY: key,
      UNIQUEID_ACCESS_FILE: 'access.log',
    };
    const before = contentsOf(cwd);
    const {status, stdout, stderr} = await cli([...check, '--json', '--port', '9'], {cwd, env});
    expect({status, stderr}).toEqual({status: 0, stderr: ''});
    expect(JSON.parse(stdout)).toMatchObject({
      url: 'https://127.0.0.1:9',
      tokens: 1,
      tls: {certificate, validUntil: expect.stringMatching(/^\d{4}-.*Z$/) as string},
      database: {location: join(cwd, 'db.sqlite3'), schema: '1.0'},
      files: [{path: null}, {path: null}],
      settings: expect.arrayContaining([
        {setting: 'server.socket_port', value: '9', source: 'flag --port'},
      ]) as unknown,
    });
    const text = await cli(check, {cwd, env});
    expect(text).toMatchObject({status: 0, stderr: ''});
    for (const part of ['tokens.ini', certificate, 'access.log', join(cwd, 'db.sqlite3'), 'max_range'])
      expect(text.stdout).toContain(part);
    expect(contentsOf(cwd)).toEqual(before);
  });

  it.each([
    ['a missing tokens file', {UNIQUEID_TOKENS_FILE: 'none.ini'}, 2],
    ['a certificate without its key', {UNIQUEID_TLS_CERT: 'a.pem'}, 2],
    ['a log in a missing folder', {UNIQUEID_ERROR_FILE: 'no/such/error.log'}, 2],
    ['a log that is a folder', {UNIQUEID_ACCESS_FILE: '.'}, 2],
    ['a value out of bounds', {UNIQUEID_LOG_LEVEL: 'loud'}, 2],
    ['a missing database', {PEEWEE_URL: 'sqlite:///none.sqlite3'}, 3],
    ['an old schema', {PEEWEE_URL: 'sqlite:///old.sqlite3'}, 3],
    ['an unavailable database', {PEEWEE_URL: 'postgresql://127.0.0.1:1/a', UNIQUEID_REQUEST_TIMEOUT: '1'}, 4],
  ])('rejects %s', async (_, env, exit) => {
    const cwd = makeArchive();
    copyFixture('pacifica-0.0.sqlite3', cwd, 'old.sqlite3');
    expect(await cliError(check, {cwd, env})).toMatchObject({exit});
  });

  it('names both flags if the two files are swapped', async () => {
    const cwd = makeArchive();
    writeFileSync(join(cwd, 'config.ini'), '[database]\npeewee_url = sqlite:///db.sqlite3\n');
    writeFileSync(join(cwd, 'server.conf'), '[global]\nserver.socket_port: 1\n');
    for (const args of [
      ['--config', 'server.conf'],
      ['--cpconfig', 'config.ini'],
    ]) {
      const {code, exit, hint} = await cliError([...check, ...args], {cwd});
      expect({code, exit}).toEqual({code: 'CONFIG_INVALID', exit: 2});
      expect(hint).toMatch(/--config\b.*--cpconfig\b|--cpconfig\b.*--config\b/);
    }
  });

  it('excludes --sync', async () => {
    expect((await cliError([...check, '--sync'], {cwd: makeArchive()})).exit).toBe(2);
  });
});
