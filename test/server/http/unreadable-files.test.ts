import {once} from 'node:events';
import {readFileSync, renameSync, symlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {connect} from 'node:tls';
import {describe, expect, it} from 'vitest';
import {makeCertificate} from '../../helpers/network/certificate.js';
import {cliError, reload, startServer} from '../../helpers/programs/cli.js';
import {ask} from '../../helpers/network/http.js';
import {makeWorkspace} from '../../helpers/folders/workspace.js';

/** A regular file that opens but fails with EIO when read, as on a failing disk. */
const UNREADABLE = '/proc/self/mem';

/** Replaces a link in one step, as an operator replaces a file. */
function link(path: string, target: string): void {
  symlinkSync(target, `${path}.new`);
  renameSync(`${path}.new`, path);
}

const [first, second] = ['the-first-long-secret', 'the-second-long-secret'];

describe.runIf(process.platform === 'linux')('a file that the disk fails to read', () => {
  it('leaves the old tokens in use on SIGHUP, until it is readable', async () => {
    const cwd = makeWorkspace();
    const tokens = join(cwd, 'tokens.ini');
    const write = (secret: string): string => {
      const path = join(cwd, `${secret}.ini`);
      writeFileSync(path, `[a]\ntoken = ${secret}\n`, {mode: 0o600});
      return path;
    };
    link(tokens, write(first));
    const server = await startServer(['--sync'], {cwd, env: {UNIQUEID_TOKENS_FILE: tokens}});
    const statuses = (): Promise<number[]> =>
      Promise.all(
        [first, second, undefined].map(async (secret) => {
          const headers = secret === undefined ? {} : {authorization: `Bearer ${secret}`};
          return (await ask(server.url, '/getid?mode=file&range=1', {headers})).status;
        }),
      );
    expect(await statuses()).toEqual([200, 401, 401]);
    link(tokens, UNREADABLE);
    expect((await reload(server)).accepted).toBe(false);
    expect(await statuses()).toEqual([200, 401, 401]);
    link(tokens, write(second));
    expect((await reload(server)).accepted).toBe(true);
    expect(await statuses()).toEqual([401, 200, 401]);
  });

  it.each(['cert.pem', 'key.pem'])('leaves the old certificate in use on SIGHUP: %s', async (name) => {
    const cwd = makeWorkspace();
    const [one, two] = [makeCertificate(), makeCertificate()];
    const [cert, key] = [join(cwd, 'cert.pem'), join(cwd, 'key.pem')];
    const install = ({certificate, key: privateKey}: typeof one): void => {
      link(cert, certificate);
      link(key, privateKey);
    };
    install(one);
    const env = {UNIQUEID_TLS_CERT: cert, UNIQUEID_TLS_KEY: key};
    const server = await startServer(['--sync'], {cwd, env});
    const shown = async (): Promise<string> => {
      const options = {port: Number(new URL(server.url).port), host: '127.0.0.1', rejectUnauthorized: false};
      const socket = connect(options);
      await once(socket, 'secureConnect');
      const pem = socket.getPeerX509Certificate()?.toString();
      socket.destroy();
      return pem ?? '';
    };
    const pemOf = ({certificate}: typeof one): string => readFileSync(certificate, 'utf8');
    install(two);
    link(join(cwd, name), UNREADABLE);
    expect((await reload(server)).accepted).toBe(false);
    expect(await shown()).toBe(pemOf(one));
    install(two);
    expect((await reload(server)).accepted).toBe(true);
    expect(await shown()).toBe(pemOf(two));
  });

  it.each([
    'UNIQUEID_TOKENS_FILE',
    'UNIQUEID_TLS_CERT',
    'UNIQUEID_TLS_KEY',
    'UNIQUEID_CONFIG',
    'UNIQUEID_CPCONFIG',
  ])('ends serve at its start: %s', async (variable) => {
    const {certificate, key} = makeCertificate();
    const env = {UNIQUEID_TLS_CERT: certificate, UNIQUEID_TLS_KEY: key, [variable]: UNREADABLE};
    const error = await cliError(['serve', '--sync', '--port', '0'], {cwd: makeWorkspace(), env});
    expect(error).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('EIO') as string,
    });
  });
});
