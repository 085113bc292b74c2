import {once} from 'node:events';
import {connect, type Socket} from 'node:net';
import {setTimeout as sleep} from 'node:timers/promises';
import {connect as connectTls} from 'node:tls';
import {describe, expect, it, onTestFinished} from 'vitest';
import {makeCertificate} from '../helpers/network/certificate.js';
import {startServer, type RunningServer} from '../helpers/programs/cli.js';
import {holdSocket} from '../helpers/programs/socket-holder.js';
import {makeWorkspace} from '../helpers/folders/workspace.js';

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

/** Opens a connection whose client never starts its handshake. */
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

/** Waits until the server closes its half, and returns what it has sent. */
async function closed(socket: Socket): Promise<string> {
  let received = '';
  socket.on('data', (chunk) => (received += String(chunk)));
  if (!socket.readableEnded && !socket.closed) {
    await new Promise((resolve) => {
      socket.once('end', resolve).once('close', resolve);
    });
  }
  return received;
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
  ])('is closed when its client closes its half after sending %s', async (_, bytes) => {
    const {url} = await startTls({UNIQUEID_HEADER_TIMEOUT: '3600'});
    const socket = await openMute(url);
    socket.end(bytes);
    await closed(socket);
  });

  it('does not delay the shutdown on a socket of systemd', async () => {
    const limits = {UNIQUEID_SHUTDOWN_TIMEOUT: '10', UNIQUEID_HEADER_TIMEOUT: '3600'};
    const holder = await holdSocket(['--sync'], {cwd: makeWorkspace(), env: {...tlsSettings(), ...limits}});
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
  ])('is answered before and after it closes its half: %s', async (_, header) => {
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

  it('is closed if it has sent no request', async () => {
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
    // Answers fill the buffers of both systems; from then on the server can write nothing.
    while (!socket.closed) {
      if (socket.writableLength < 1_000_000) socket.write(text.repeat(10));
      await sleep(5);
    }
  });
});
