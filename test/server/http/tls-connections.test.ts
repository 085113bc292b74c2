import {once} from 'node:events';
import {connect, type Socket} from 'node:net';
import {setTimeout as sleep} from 'node:timers/promises';
import {connect as connectTls} from 'node:tls';
import {describe, expect, it, onTestFinished} from 'vitest';
import {makeCertificate} from '../../helpers/network/certificate.js';
import {startServer, type RunningServer} from '../../helpers/programs/cli.js';
import {holdSocket} from '../../helpers/programs/socket-holder.js';
import {makeWorkspace} from '../../helpers/folders/workspace.js';

function tlsSettings(): Record<string, string> {
  const {certificate, key} = makeCertificate();
  return {UNIQUEID_TLS_CERT: certificate, UNIQUEID_TLS_KEY: key};
}

function startTls(env: Record<string, string> = {}): Promise<RunningServer> {
  return startServer(['--sync'], {cwd: makeWorkspace(), env: {...tlsSettings(), ...env}});
}

function closedWithTest<T extends Socket>(socket: T): T {
  onTestFinished(() => {
    socket.destroy();
  });
  socket.on('error', () => undefined);
  return socket;
}

const place = (url: string): {port: number; host: string} => ({
  port: Number(new URL(url).port),
  host: '127.0.0.1',
});

/** A connection whose client never starts its handshake. */
async function openMute(url: string): Promise<Socket> {
  const socket = closedWithTest(connect({...place(url), allowHalfOpen: true}));
  await once(socket, 'connect');
  return socket;
}

async function openTls(url: string): Promise<Socket> {
  // The type lacks allowHalfOpen.
  const options = {...place(url), rejectUnauthorized: false, allowHalfOpen: true};
  const socket = closedWithTest(connectTls(options));
  await once(socket, 'secureConnect');
  return socket;
}

const request = (more = ''): string =>
  `GET /getid?mode=file&range=1 HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`;

async function closed(socket: Socket): Promise<string> {
  let said = '';
  socket.on('data', (chunk) => (said += String(chunk)));
  if (!socket.readableEnded && !socket.closed) {
    await new Promise((resolve) => {
      socket.once('end', resolve).once('close', resolve);
    });
  }
  return said;
}

describe('a connection without a complete handshake', () => {
  it('counts against max_connections', async () => {
    const {url} = await startTls({UNIQUEID_MAX_CONNECTIONS: '3'});
    const mute = [await openMute(url), await openMute(url), await openMute(url)];
    await closed(await openMute(url));
    expect(mute.filter(({destroyed}) => destroyed)).toEqual([]);
  });

  it.each([
    ['nothing', ''],
    ['a part of its ClientHello', Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3])],
  ])('ends when its client closes its half after it has sent %s', async (_, bytes) => {
    const {url} = await startTls({UNIQUEID_HEADER_TIMEOUT: '3600'});
    const socket = await openMute(url);
    socket.end(bytes);
    await closed(socket);
  });

  it('does not hold up a stop on a socket that systemd holds', async () => {
    const patience = {UNIQUEID_SHUTDOWN_TIMEOUT: '10', UNIQUEID_HEADER_TIMEOUT: '3600'};
    const holder = await holdSocket(['--sync'], {cwd: makeWorkspace(), env: {...tlsSettings(), ...patience}});
    const service = await holder.start();
    const mute = await openMute(holder.url);
    // The service has accepted the first once it has served the second.
    const asker = await openTls(holder.url);
    asker.write(request());
    await once(asker, 'data');
    process.kill(service.pid, 'SIGTERM');
    expect(await service.ended).toBe(0);
    await closed(mute);
  });
});

describe('a TLS client that closes its half', () => {
  it.each([
    ['a plain request', ''],
    ['a request for node:http', 'Purpose: none\r\n'],
  ])('is answered: %s', async (_, header) => {
    const {url} = await startTls();
    const together = await openTls(url);
    together.end(request(header));
    expect(await closed(together)).toContain('"startIndex": 0');
    const apart = await openTls(url);
    apart.write(request(header));
    await once(apart, 'data');
    apart.end(request(header));
    expect(await closed(apart)).toContain('"startIndex": 2');
  });

  it('before it has asked is closed', async () => {
    const {url} = await startTls({UNIQUEID_HEADER_TIMEOUT: '3600'});
    const socket = await openTls(url);
    socket.end();
    await closed(socket);
  });
});

describe('a client that reads nothing', () => {
  it.each([
    ['TLS', 'plain requests', '/getid?mode=file&range=1'],
    ['TLS', 'requests for node:http', '/openapi.json'],
    ['plain', 'plain requests', '/getid?mode=file&range=1'],
    ['plain', 'requests for node:http', '/openapi.json'],
  ])('is cut after idle_timeout: %s, %s', async (kind, _, path) => {
    const env = {UNIQUEID_IDLE_TIMEOUT: '0.5'};
    const {url} = await (kind === 'TLS'
      ? startTls(env)
      : startServer(['--sync'], {cwd: makeWorkspace(), env}));
    const socket = kind === 'TLS' ? await openTls(url) : await openMute(url);
    socket.pause();
    const text = `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
    // Answers go on until they fill what the systems hold for the client; from then on nothing is written any more.
    while (!socket.closed) {
      if (socket.writableLength < 1_000_000) socket.write(text.repeat(10));
      await sleep(5);
    }
  });
});
