import {once} from 'node:events';
import {connect, type Socket} from 'node:net';
import {connect as connectTls} from 'node:tls';
import {expect, it, onTestFinished} from 'vitest';
import {makeCertificate} from '../helpers/network/certificate.js';
import {startServer, type RunningServer} from '../helpers/programs/cli.js';
import {makeWorkspace} from '../helpers/folders/workspace.js';

/** A shutdown that waits for one of the connections exceeds `shutdown_timeout` and ends with status 1. */
const limits = {
  UNIQUEID_SHUTDOWN_TIMEOUT: '10',
  UNIQUEID_HEADER_TIMEOUT: '3600',
  UNIQUEID_IDLE_TIMEOUT: '3600',
};

function start(isSecure: boolean): Promise<RunningServer> {
  const {certificate, key} = isSecure ? makeCertificate() : {certificate: '', key: ''};
  const tls = isSecure ? {UNIQUEID_TLS_CERT: certificate, UNIQUEID_TLS_KEY: key} : {};
  return startServer(['--sync'], {cwd: makeWorkspace(), env: {...limits, ...tls}});
}

/** Connects a client that never closes its half by itself. */
async function open(url: string, isSecure: boolean): Promise<Socket> {
  const where = {port: Number(new URL(url).port), host: '127.0.0.1', allowHalfOpen: true};
  const socket = isSecure ? connectTls({...where, rejectUnauthorized: false}) : connect(where);
  onTestFinished(() => {
    socket.destroy();
  });
  await once(socket, isSecure ? 'secureConnect' : 'connect');
  socket.on('error', () => undefined);
  return socket;
}

const half = 'GET /getid?mode=file&range=1 HTTP/1.1\r\nHost: a\r\n';
const silences: readonly (readonly [string, string])[] = [
  ['has sent nothing', ''],
  ['has sent half a request', half],
  ['has sent one request', `${half}\r\n`],
  ['has sent one request for node:http', `${half}Purpose: none\r\n\r\n`],
  ['has sent a request and a half', `${half}\r\n${half}`],
];

/** Behaviour of a client after it fell silent; over TLS a half-closed one has also sent `close_notify`. */
const endings: readonly (readonly [string, (socket: Socket) => unknown])[] = [
  ['keeps its half open', () => undefined],
  ['has closed its half', (socket) => socket.end()],
];

async function beSilent(url: string, isSecure: boolean, text: string): Promise<Socket> {
  const socket = await open(url, isSecure);
  if (text !== '') socket.write(text);
  if (text.includes('\r\n\r\n')) await once(socket, 'data');
  socket.resume();
  return socket;
}

async function expectShutdown(server: RunningServer): Promise<void> {
  server.process.kill('SIGTERM');
  expect((await server.finished).status).toBe(0);
}

for (const [scheme, isSecure] of [
  ['HTTP', false],
  ['HTTPS', true],
] as const) {
  for (const [ending, act] of endings)
    it.each(silences)(
      `shuts ${scheme} down without waiting for a client that ${ending} and %s`,
      async (_, text) => {
        const server = await start(isSecure);
        act(await beSilent(server.url, isSecure, text));
        await expectShutdown(server);
      },
    );
}

const hello = Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]);
it.each([
  ['nothing', ''],
  ['a part of its ClientHello', hello],
])('shuts HTTPS down without waiting for a client that has sent %s', async (_, bytes) => {
  const server = await start(true);
  const socket = await open(server.url, false);
  socket.write(bytes);
  // The server has seen the bytes once it has served a client that came later.
  await beSilent(server.url, true, `${half}\r\n`);
  await expectShutdown(server);
});
