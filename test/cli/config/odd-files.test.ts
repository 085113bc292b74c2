import {execFileSync} from 'node:child_process';
import {truncateSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {makeCertificate} from '../../helpers/network/certificate.js';
import {cli, type Finished} from '../../helpers/programs/cli.js';
import {makeWorkspace} from '../../helpers/folders/workspace.js';

/** Makes files that would block the process or fill its memory if it read them. */
function makeOddFiles(cwd: string): {readonly pipe: string; readonly device: string; readonly huge: string} {
  const [pipe, huge] = [join(cwd, 'pipe'), join(cwd, 'huge')];
  execFileSync('mkfifo', [pipe]);
  writeFileSync(huge, '');
  truncateSync(huge, 200 * 1_048_576);
  return {pipe, device: '/dev/zero', huge};
}

type Run = (cwd: string, path: string) => Promise<Finished>;

const serve = (cwd: string, env: Record<string, string>): Promise<Finished> =>
  cli(['serve', '--sync', '--port', '0'], {cwd, env});

const places: readonly (readonly [string, Run])[] = [
  ['--config', (cwd, path) => cli(['status', '--config', path], {cwd})],
  ['--config of a plain getid', (cwd, path) => cli(['getid', '-m', 'file', '--config', path], {cwd})],
  ['UNIQUEID_CONFIG', (cwd, path) => cli(['getid', '-m', 'file'], {cwd, env: {UNIQUEID_CONFIG: path}})],
  ['--cpconfig', (cwd, path) => cli(['serve', '--cpconfig', path], {cwd})],
  ['tokens_file', (cwd, path) => serve(cwd, {UNIQUEID_TOKENS_FILE: path})],
  ['tls_cert', (cwd, path) => serve(cwd, {UNIQUEID_TLS_CERT: path, UNIQUEID_TLS_KEY: makeCertificate().key})],
  [
    'tls_key',
    (cwd, path) => serve(cwd, {UNIQUEID_TLS_CERT: makeCertificate().certificate, UNIQUEID_TLS_KEY: path}),
  ],
  [
    'sslrootcert',
    (cwd, path) => cli(['status', '--database', `postgresql://127.0.0.1:1/a?sslrootcert=${path}`], {cwd}),
  ],
  [
    '--spellings',
    (cwd, path) =>
      cli(['dbsync', '--from', `sqlite:///${join(cwd, 'other.db')}`, '--spellings', path], {cwd}),
  ],
];

describe.skipIf(process.platform === 'win32')('a path that is no regular text file', () => {
  it.each(places)('is a configuration error as %s', async (_, run) => {
    const cwd = makeWorkspace();
    for (const path of Object.values(makeOddFiles(cwd))) {
      const {status, stderr} = await run(cwd, path);
      expect(status, stderr).toBe(2);
      expect(stderr).toContain(path);
    }
  });

  it.each(['getid -m file', 'status', 'dbsync', 'serve --sync'])(
    'is rejected as the database of %s',
    async (line) => {
      const cwd = makeWorkspace();
      const {pipe, device} = makeOddFiles(cwd);
      for (const path of [pipe, device]) {
        const args = [...line.split(' '), '--database', `sqlite:///${path}`];
        const env = {DATABASE_CONNECT_ATTEMPTS: '1'};
        const {status, stderr} = await cli(args, {cwd, env});
        expect(status, stderr).toBe(4);
        expect(stderr).toContain(path);
      }
    },
  );

  it('yields no candidates of completion and does not block it', async () => {
    const cwd = makeWorkspace();
    for (const path of Object.values(makeOddFiles(cwd))) {
      for (const from of [
        ['--config', path],
        ['--database', `sqlite:///${path}`],
      ]) {
        const words = ['complete', '--', 'getid', ...from, '--mode', ''];
        expect(await cli(words, {cwd})).toMatchObject({status: 0, stdout: '', stderr: ''});
      }
    }
  });
});

it('reads a config file of 1 MB and rejects one that is a byte longer', async () => {
  const cwd = makeWorkspace();
  const config = join(cwd, 'config.ini');
  const begin = '[uniqueid]\nmax_range = 5\n';
  const filled = (bytes: number): string =>
    begin + `;${'x'.repeat(98)}\n`.repeat(20_000).slice(0, bytes - begin.length);
  writeFileSync(config, filled(1_048_576));
  expect((await cli(['status', '--config-sources', '--config', config], {cwd})).status).toBe(0);
  writeFileSync(config, filled(1_048_577));
  expect((await cli(['status', '--config-sources', '--config', config], {cwd})).status).toBe(2);
});

it('rejects a config file that is not UTF-8, and names the line', async () => {
  const cwd = makeWorkspace();
  const config = join(cwd, 'config.ini');
  writeFileSync(config, Buffer.from('[uniqueid]\n; caf\xe9\n', 'latin1'));
  const {status, stderr} = await cli(['status', '--config', config], {cwd});
  expect(status).toBe(2);
  expect(stderr).toMatch(/config\.ini\b.*\b2\b/);
  writeFileSync(config, '[uniqueid]\n; café\n');
  expect((await cli(['status', '--config-sources', '--config', config], {cwd})).status).toBe(0);
});
