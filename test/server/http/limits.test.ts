import {createHash} from 'node:crypto';
import {readFileSync, writeFileSync} from 'node:fs';
import {once} from 'node:events';
import {request} from 'node:https';
import {connect, type Socket} from 'node:net';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {describe, expect, it, onTestFinished} from 'vitest';
import {UniqueIDError} from '../../../src/lib/core/errors.js';
import {Tokens} from '../../../src/lib/server/http/tokens.js';
import {makeCertificate} from '../../helpers/network/certificate.js';
import {cli, cliError, reload, startServer, type CliError} from '../../helpers/programs/cli.js';
import {ask, type Answer} from '../../helpers/network/http.js';
import {memoryOf} from '../../helpers/programs/memory.js';
import {makeSqliteDatabase} from '../../helpers/databases/sqlite-database.js';
import {makeWorkspace} from '../../helpers/folders/workspace.js';

const secret = 'a-long-enough-secret';
const other = 'another-long-secret-';

function withTokens(text: string): {cwd: string; env: Record<string, string>; file: string} {
  const cwd = makeWorkspace();
  const file = join(cwd, 'tokens.ini');
  writeFileSync(file, text, {mode: 0o600});
  return {cwd, env: {UNIQUEID_TOKENS_FILE: file}, file};
}

/** Returns the error of reading a tokens file. */
function rejectionOf(file: string): UniqueIDError {
  try {
    new Tokens(file);
  } catch (error) {
    if (error instanceof UniqueIDError) return error;
    throw error;
  }
  throw new Error(`${file} was accepted`);
}

const as = (token: string): {headers: {authorization: string}} => ({
  headers: {authorization: `Bearer ${token}`},
});

describe('tokens', () => {
  const hash = createHash('sha256').update(other).digest('hex');
  const tokens = `[ingest]\ntoken = ${secret}\nmodes = file, upload_*\nmax_range = 100\n\n[operator]\ntoken_sha256 = ${hash}\n`;

  it('are required by /getid, /status, /metrics and /dashboard.json, and by no other path', async () => {
    const {cwd, env} = withTokens(tokens);
    const {url} = await startServer(['--sync'], {cwd, env});
    for (const path of ['/getid?mode=file&range=1', '/status', '/metrics', '/dashboard.json']) {
      const without = await ask(url, path);
      expect(without.status, path).toBe(401);
      expect(without.headers['www-authenticate']).toBe('Bearer realm="uniqueid"');
      expect((await ask(url, path, as('a-wrong-long-secret-'))).status, path).toBe(401);
      expect((await ask(url, path, {headers: {authorization: `Basic ${secret}`}})).status, path).toBe(401);
      expect((await ask(url, path, as(other))).status, path).toBe(200);
    }
    for (const path of ['/', '/health', '/openapi.json', '/dashboard'])
      expect((await ask(url, path)).status, path).toBe(200);
  });

  it('are limited to their modes and ranges', async () => {
    const {cwd, env} = withTokens(tokens);
    const {url} = await startServer(['--sync'], {cwd, env});
    const take = (mode: string, range: number, token: string): Promise<Answer> =>
      ask(url, `/getid?mode=${mode}&range=${range}`, as(token));
    expect((await take('file', 100, secret)).status).toBe(200);
    expect((await take('upload_job', 1, secret)).status).toBe(200);
    const mode = await take('filed', 1, secret);
    expect(mode.status).toBe(403);
    for (const name of ['"ingest"', '"filed"'])
      expect((JSON.parse(mode.body) as {message: string}).message).toContain(name);
    expect((await take('file', 101, secret)).status).toBe(400);
    expect((await take('anything', 101, other)).status).toBe(200);
  });

  it('are read again on SIGHUP, and stay in use if the file is invalid', async () => {
    const {cwd, env, file} = withTokens(tokens);
    const server = await startServer(['--sync'], {cwd, env});
    const status = async (token: string): Promise<number> =>
      (await ask(server.url, '/getid?mode=file&range=1', as(token))).status;
    writeFileSync(file, '[ingest]\ntoken = short\n');
    const invalid = await reload(server);
    expect(invalid.accepted).toBe(false);
    expect(invalid.text).toContain('[ingest]');
    expect(await status(secret)).toBe(200);
    writeFileSync(file, '[ingest]\ntoken = a-third-and-new-secret\n');
    expect((await reload(server)).accepted).toBe(true);
    expect(await status(secret)).toBe(401);
    expect(await status('a-third-and-new-secret')).toBe(200);
    expect(server.stderr()).not.toContain('a-third-and-new-secret');
  });

  it.each([
    ['', ['tokens.ini']],
    ['[a]\n', ['[a]', 'token', 'token_sha256']],
    ['[a]\ntoken = short\n', ['[a]', 'token', '16']],
    ['[a]\ntoken_sha256 = 12\n', ['[a]', 'token_sha256', '64']],
    ['[a]\ntokn = aaaaaaaaaaaaaaaaaaaa\n', ['tokens.ini:2']],
    [`[a]\ntoken = ${secret}\nmax_range = 0\n`, ['[a]', 'max_range', '9223372036854775807']],
    [`[a]\ntoken = ${secret}\nmodes =\n`, ['[a]', 'modes']],
    [`[a]\ntoken = ${secret}\nmodes = ,\n`, ['[a]', 'modes']],
    [`[DEFAULT]\nmodes =\n[a]\ntoken = ${secret}\n`, ['[a]', 'modes']],
    [`[a]\ntoken = ${secret}\nmodes = file\n[b]\ntoken = ${secret}\n`, ['[a]', '[b]']],
    [`[a]\ntoken_sha256 = ${hash.toUpperCase()}\nmodes = file\n[b]\ntoken = ${other}\n`, ['[a]', '[b]']],
    [`[DEFAULT]\ntoken = ${secret}\n[a]\n[b]\n`, ['[a]', '[b]']],
  ])('of an invalid file are rejected by name, and not shown: %j', (text, names) => {
    const {file} = withTokens(text);
    const {code, message, hint} = rejectionOf(file);
    expect(code).toBe('CONFIG_INVALID');
    for (const name of names) expect(message).toContain(name);
    if (text.includes('tokn')) expect(hint).toContain('"token"');
    for (const hidden of [secret, hash.toUpperCase()]) expect(`${message} ${hint}`).not.toContain(hidden);
  });

  it('of an invalid file end serve at its start', async () => {
    const {cwd, env, file} = withTokens('[a]\ntoken = short\n');
    const {code, message} = await cliError(['serve', '--sync', '--port', '0'], {cwd, env});
    expect({code, message}).toMatchObject({code: 'CONFIG_INVALID', message: rejectionOf(file).message});
  });

  it('are sent by the command line from UNIQUEID_TOKEN', async () => {
    const {cwd, env} = withTokens(tokens);
    const {url} = await startServer(['--sync'], {cwd, env});
    const args = ['getid', '-m', 'file', '--server', url];
    expect((await cliError(args, {cwd})).hint).toContain('UNIQUEID_TOKEN');
    expect((await cli(args, {cwd, env: {UNIQUEID_TOKEN: secret}})).status).toBe(0);
    expect((await cli(['status', '--server', url], {cwd, env: {UNIQUEID_TOKEN: other}})).status).toBe(0);
  });
});

describe('modes', () => {
  it('missing from allowed_modes are rejected', async () => {
    const cwd = makeWorkspace();
    const {url} = await startServer(['--sync'], {cwd, env: {UNIQUEID_ALLOWED_MODES: 'file, upload_*'}});
    expect((await ask(url, '/getid?mode=upload_job&range=1')).status).toBe(200);
    expect((await ask(url, '/getid?mode=other&range=1')).status).toBe(403);
    expect((await cli(['getid', '-m', 'other'], {cwd, env: {UNIQUEID_ALLOWED_MODES: 'file'}})).status).toBe(
      0,
    );
  });

  it('are not created with create_modes off, and existing ones stay in use', async () => {
    const cwd = makeWorkspace();
    await cli(['dbsync'], {cwd});
    await cli(['getid', '-m', 'file'], {cwd});
    const {url} = await startServer([], {cwd, env: {UNIQUEID_CREATE_MODES: 'no'}});
    const [existing, unknown] = await Promise.all([
      ask(url, '/getid?mode=file&range=1'),
      ask(url, '/getid?mode=new&range=1'),
    ]);
    expect(existing.status).toBe(200);
    expect(unknown.status).toBe(403);
    expect(unknown.body).toContain('create_modes');
    expect((await ask(url, '/getid?mode=file&range=1')).status).toBe(200);
  });

  it('never exceed max_modes, even with 300 concurrent requests for new ones', async () => {
    const cwd = makeWorkspace();
    const {url} = await startServer(['--sync'], {cwd, env: {UNIQUEID_MAX_MODES: '20'}});
    const statuses = await Promise.all(
      Array.from({length: 300}, async (_, index) => (await ask(url, `/getid?mode=m${index}&range=1`)).status),
    );
    expect(statuses.filter((status) => status === 200)).toHaveLength(20);
    expect(statuses.filter((status) => status === 403)).toHaveLength(280);
    const [[rows] = []] = await makeSqliteDatabase(join(cwd, 'db.sqlite3')).query(
      'SELECT COUNT(*) FROM uniqueindex',
    );
    expect(rows).toBe('20');
    expect((await ask(url, `/getid?mode=m${statuses.indexOf(200)}&range=1`)).status).toBe(200);
  });
});

/** Opens a raw connection that is closed with the test. */
function open(url: string): Socket {
  const {hostname, port} = new URL(url);
  const socket = connect(Number(port), hostname).on('error', () => undefined);
  onTestFinished(() => {
    socket.destroy();
  });
  return socket;
}

const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    socket.resume().once('close', () => {
      resolve();
    });
  });

describe('connections', () => {
  it('that send their head too slowly are answered 408 and closed, and delay no other', async () => {
    const {url} = await startServer(['--sync'], {
      cwd: makeWorkspace(),
      env: {UNIQUEID_HEADER_TIMEOUT: '0.5'},
    });
    const slow = open(url);
    let received = '';
    slow.on('data', (chunk) => (received += String(chunk)));
    slow.write('GET /getid?mode=file&range=1 HTTP/1.1\r\nHost: localhost\r\n');
    const drip = setInterval(() => slow.write('X: y\r\n'), 100);
    onTestFinished(() => {
      clearInterval(drip);
    });
    const end = closed(slow);
    expect((await ask(url, '/getid?mode=file&range=1')).status).toBe(200);
    await end;
    expect(received).toContain('408');
  });

  it('that idle longer than idle_timeout are closed', async () => {
    const {url} = await startServer(['--sync'], {cwd: makeWorkspace(), env: {UNIQUEID_IDLE_TIMEOUT: '0.3'}});
    const idle = open(url);
    idle.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await closed(idle);
  });

  it('beyond max_connections are closed, and earlier ones are served', async () => {
    const {url} = await startServer(['--sync'], {cwd: makeWorkspace(), env: {UNIQUEID_MAX_CONNECTIONS: '3'}});
    const first = [open(url), open(url), open(url)];
    await Promise.all(first.map((socket) => once(socket, 'connect')));
    await closed(open(url));
    const [one] = first;
    const answer = new Promise<string>((resolve) =>
      one?.once('data', (chunk) => {
        resolve(String(chunk));
      }),
    );
    one?.write('GET /getid?mode=file&range=1 HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expect(await answer).toContain('"startIndex": 0');
  });

  it('with a large body are answered and closed before its end', async () => {
    const {url} = await startServer(['--sync'], {cwd: makeWorkspace()});
    const sender = open(url);
    let received = '';
    sender.on('data', (chunk) => (received += String(chunk)));
    sender.write(
      `POST /getid?mode=file&range=1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\n`,
    );
    const end = closed(sender);
    const chunk = Buffer.alloc(65_536);
    let sent = 0;
    while (!sender.destroyed && sent < 100_000_000) {
      sender.write(chunk);
      sent += chunk.length;
      await sleep(1);
    }
    await end;
    expect(received).toContain('"startIndex": 0');
    expect(received).toContain('Connection: close');
    expect(sent).toBeLessThan(50_000_000);
  });

  it('with a large body get their answer, although they read it only after they have sent a part', async () => {
    const {url} = await startServer(['--sync'], {cwd: makeWorkspace()});
    const sender = open(url);
    await once(sender, 'connect');
    const end = closed(sender);
    sender.pause();
    sender.write(
      `POST /getid?mode=file&range=1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\n`,
    );
    const chunk = Buffer.alloc(65_536);
    for (let part = 0; part < 50; part++) {
      sender.write(chunk);
      await sleep(5);
    }
    let received = '';
    sender.on('data', (text) => (received += String(text))).resume();
    await end;
    expect(received).toContain('"startIndex": 0');
  });

  it('that pipeline thousands of requests are cut, and other clients are served', async () => {
    const {url} = await startServer(['--sync'], {cwd: makeWorkspace(), env: {UNIQUEID_MAX_QUEUE: '500'}});
    for (const path of ['/getid?mode=piped&range=1', '/openapi.json', '/status']) {
      const eager = open(url);
      eager.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`.repeat(20_000));
      await closed(eager);
      expect((await ask(url, '/getid?mode=file&range=1')).status).toBe(200);
    }
  });

  it('that never read their answers take little memory, and do not delay others', async () => {
    const cwd = makeWorkspace();
    await cli(['dbsync'], {cwd});
    await makeSqliteDatabase(join(cwd, 'db.sqlite3')).execute(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
       INSERT INTO uniqueindex SELECT printf('%0250d', i), i FROM n`,
    );
    const server = await startServer([], {cwd});
    const {url} = server;
    const unread = Array.from({length: 20}, () => {
      const socket = open(url);
      socket.pause();
      return socket;
    });
    for (const path of [
      '/status?limit=1000',
      '/openapi.json',
      '/metrics',
      '/',
      '/nothing',
      '/status?limit=100000',
      '/dashboard',
      '/dashboard.json',
    ])
      for (const socket of unread) socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`.repeat(15));
    for (let request = 0; request < 20; request++)
      expect((await ask(url, '/getid?mode=file&range=1')).status).toBe(200);
    if (process.platform === 'linux') expect(memoryOf(server.process.pid).peak).toBeLessThan(300);
    expect(unread.every(({destroyed}) => !destroyed)).toBe(true);
  });

  it('that are half closed, pipelined or send a megabyte of headers do not disturb others', async () => {
    const {url} = await startServer(['--sync'], {cwd: makeWorkspace()});
    const half = open(url);
    let answered = '';
    half.on('data', (chunk) => (answered += String(chunk)));
    half.end('GET /getid?mode=half&range=1 HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await closed(half);
    expect(answered).toContain('"startIndex": 0');
    const many = open(url);
    let all = '';
    many.on('data', (chunk) => (all += String(chunk)));
    const one = 'GET /getid?mode=piped&range=1 HTTP/1.1\r\nHost: localhost\r\n\r\n';
    many.write(one.repeat(99) + one.replace('Host: localhost', 'Host: localhost\r\nConnection: close'));
    await closed(many);
    const starts = [...all.matchAll(/"startIndex": (\d+)/g)].map(([, start]) => Number(start));
    expect(starts).toEqual(Array.from({length: 100}, (_, index) => index));
    const large = open(url);
    large.write(`GET / HTTP/1.1\r\nX: ${'y'.repeat(1_000_000)}`);
    await closed(large);
    expect((await ask(url, '/getid?mode=file&range=1')).status).toBe(200);
  });
});

describe('TLS of serve', () => {
  const secure = (
    url: string,
    ca: string,
    token = secret,
  ): Promise<{status: number | undefined; fingerprint: string}> =>
    new Promise((resolve, reject) => {
      const sent = request(
        `${url}/getid?mode=file&range=1`,
        // The certificate's name, which a machine without /etc/hosts cannot look up.
        {ca: readFileSync(ca), agent: false, servername: 'localhost', ...as(token)},
        (response) => {
          const fingerprint = (
            response.socket as unknown as {getPeerCertificate: () => {fingerprint: string}}
          ).getPeerCertificate().fingerprint;
          response.resume().on('end', () => {
            resolve({status: response.statusCode, fingerprint});
          });
        },
      );
      sent.on('error', reject).end();
    });

  it('uses tls_cert and tls_key, which SIGHUP reads again', async () => {
    const cwd = makeWorkspace();
    const [first, second] = [makeCertificate(), makeCertificate()];
    const [cert, key] = [join(cwd, 'cert.pem'), join(cwd, 'key.pem')];
    const install = (files: typeof first): void => {
      writeFileSync(cert, readFileSync(files.certificate));
      writeFileSync(key, readFileSync(files.key), {mode: 0o600});
    };
    install(first);
    const server = await startServer(['--sync'], {
      cwd,
      env: {UNIQUEID_TLS_CERT: cert, UNIQUEID_TLS_KEY: key},
    });
    expect(server.url).toMatch(/^https:/);
    const before = await secure(server.url, first.certificate);
    expect(before.status).toBe(200);
    install(second);
    expect((await reload(server)).accepted).toBe(true);
    const after = await secure(server.url, second.certificate);
    expect(after.status).toBe(200);
    expect(after.fingerprint).not.toBe(before.fingerprint);
  });

  it('reads certificate and tokens again together, or neither if one is invalid', async () => {
    const {cwd, env, file} = withTokens(`[a]\ntoken = ${secret}\n`);
    const [one, two] = [makeCertificate(), makeCertificate()];
    const [cert, key] = [join(cwd, 'cert.pem'), join(cwd, 'key.pem')];
    const install = (certificate: string, tokens: string): void => {
      writeFileSync(cert, readFileSync(certificate));
      writeFileSync(file, tokens);
    };
    writeFileSync(key, readFileSync(one.key), {mode: 0o600});
    install(one.certificate, `[a]\ntoken = ${secret}\n`);
    const server = await startServer(['--sync'], {
      cwd,
      env: {...env, UNIQUEID_TLS_CERT: cert, UNIQUEID_TLS_KEY: key},
    });
    const statuses = async (): Promise<(number | undefined)[]> => {
      const answers = [secret, other].map((token) => secure(server.url, one.certificate, token));
      return (await Promise.all(answers)).map(({status}) => status);
    };
    install(two.certificate, `[a]\ntoken = ${other}\n`);
    expect((await reload(server)).accepted).toBe(false);
    expect(await statuses()).toEqual([200, 401]);
    // The certificate is valid now, the tokens are not.
    writeFileSync(key, readFileSync(two.key));
    writeFileSync(file, '[a]\ntoken = short\n');
    expect((await reload(server)).accepted).toBe(false);
    expect(await statuses()).toEqual([200, 401]);
    writeFileSync(key, readFileSync(one.key));
    install(one.certificate, `[a]\ntoken = ${other}\n`);
    expect((await reload(server)).accepted).toBe(true);
    expect(await statuses()).toEqual([401, 200]);
  });

  it('closes connections without a complete handshake after header_timeout', async () => {
    const {certificate, key} = makeCertificate();
    const {url} = await startServer(['--sync'], {
      cwd: makeWorkspace(),
      env: {UNIQUEID_TLS_CERT: certificate, UNIQUEID_TLS_KEY: key, UNIQUEID_HEADER_TIMEOUT: '0.5'},
    });
    const halfHello = Buffer.from([22, 3, 1, 2, 0]);
    for (const sent of ['', 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n', halfHello]) {
      const socket = open(url);
      socket.write(sent);
      await closed(socket);
    }
    expect((await secure(url, certificate)).status).toBe(200);
  });

  it('needs both tls_cert and tls_key, readable, of one pair', async () => {
    const cwd = makeWorkspace();
    const [one, two] = [makeCertificate(), makeCertificate()];
    const rejection = (env: Record<string, string>): Promise<CliError> =>
      cliError(['serve', '--sync', '--port', '0'], {cwd, env});
    const names = (...parts: string[]): object => ({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(new RegExp(parts.map((part) => `(?=.*${part})`).join(''))) as string,
    });
    const half = await rejection({UNIQUEID_TLS_CERT: one.certificate});
    expect(half).toMatchObject(names('tls_cert', 'tls_key'));
    const mixed = await rejection({UNIQUEID_TLS_CERT: one.certificate, UNIQUEID_TLS_KEY: two.key});
    expect(mixed).toMatchObject(names('tls_cert', one.certificate, 'tls_key', two.key));
    const missing = await rejection({UNIQUEID_TLS_CERT: 'none', UNIQUEID_TLS_KEY: two.key});
    expect(missing).toMatchObject(names('tls_cert', 'none'));
    expect(missing.message).not.toContain('tls_key');
  });
});
