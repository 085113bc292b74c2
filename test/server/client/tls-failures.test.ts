import {readFileSync} from 'node:fs';
import {createServer, type RequestListener} from 'node:http';
import {createServer as createTlsServer} from 'node:https';
import {describe, expect, it} from 'vitest';
import {makeCertificate, withPeriod, type Certificate} from '../../helpers/network/certificate.js';
import {listening} from '../../helpers/network/listening.js';
import {cliError, type CliError} from '../../helpers/programs/cli.js';
import {makeWorkspace} from '../../helpers/folders/workspace.js';
import {shared} from '../../helpers/run/shared.js';

/** Starts a service with TLS, and returns its URL by name; `seen` lists the requests that reached it. */
async function tlsService({key, certificate: path}: Certificate): Promise<{url: string; seen: string[]}> {
  const seen: string[] = [];
  const listener: RequestListener = (request, response) => {
    seen.push(`${request.method} ${request.url}`);
    response.end();
  };
  const server = createTlsServer({key: readFileSync(key), cert: readFileSync(path)}, listener);
  server.on('tlsClientError', () => undefined);
  const {port} = new URL(await listening(server));
  // An address, because a bare machine may not resolve localhost. Node checks the names last.
  return {url: `https://127.0.0.1:${port}`, seen};
}

/** Returns the error of every command that asks this service. */
async function failureAt(server: string, env: Readonly<Record<string, string>> = {}): Promise<CliError> {
  const options = {cwd: makeWorkspace(), env};
  const error = await cliError(['getid', '-m', 'file', '--retries', '900', '--server', server], options);
  expect(error).toMatchObject({code: 'REMOTE_FAILED', exit: 7});
  expect(await cliError(['status', '--server', server], options)).toEqual(error);
  return error;
}

describe('a TLS failure names its cause and the remedy', () => {
  const certificate = shared(() => Promise.resolve(makeCertificate()));

  it('if the URL has http: and the service uses TLS', async () => {
    const {url, seen} = await tlsService(certificate());
    const {hint} = await failureAt(url.replace('https:', 'http:'));
    expect(hint).toContain(url);
    expect((await failureAt(url.replace('https://', ''))).hint).toContain(url);
    expect(seen).toEqual([]);
  });

  it('if the URL has https: and the service does not use TLS', async () => {
    const seen: string[] = [];
    const url = await listening(
      createServer((request, response) => {
        seen.push(`${request.method} ${request.url}`);
        response.end();
      }),
    );
    expect((await failureAt(url.replace('http:', 'https:'))).hint).toContain(url);
    // One probe per command: no retry can help.
    expect(seen).toEqual(['HEAD /', 'HEAD /']);
  });

  it('if the issuer is unknown', async () => {
    const {url} = await tlsService(certificate());
    expect((await failureAt(url)).hint).toContain('NODE_EXTRA_CA_CERTS');
  });

  it('if the certificate has other names', async () => {
    const {url} = await tlsService(certificate());
    const {message} = await failureAt(url, {NODE_EXTRA_CA_CERTS: certificate().certificate});
    expect(message).toMatch(/\blocalhost\b.*\b127\.0\.0\.1\b/);
  });

  it.each([
    ['expired', '20200101000000Z', '20200203000000Z', '2020-02-03'],
    ['becomes valid later', '20900203000000Z', '20910101000000Z', '2090-02-03'],
  ])('if the certificate %s', async (_, start, end, date) => {
    const timed = withPeriod(certificate(), start, end);
    const {url} = await tlsService(timed);
    const {message} = await failureAt(url, {NODE_EXTRA_CA_CERTS: timed.certificate});
    expect(message).toContain(date);
  });

  it('and a service that only closes its connections is not said to use TLS', async () => {
    const server = createServer((request) => {
      request.socket.destroy();
    });
    const url = await listening(server);
    const args = ['getid', '-m', 'file', '--retries', '0', '--server', url];
    const {message, hint} = await cliError(args, {cwd: makeWorkspace()});
    expect(message).toContain('ECONNRESET');
    expect(hint).not.toContain('https');
  });
});
