import {once} from 'node:events';
import {connect, createServer, type AddressInfo, type Socket} from 'node:net';
import {setTimeout as sleep} from 'node:timers/promises';
import {expect, it, onTestFinished} from 'vitest';
import {startProxy, type Proxy, type ProxyOptions} from '../../verification/torture/proxy.js';

/** Starts a server behind a proxy; it answers each read in upper case. */
async function startEcho(
  options?: ProxyOptions,
): Promise<{proxy: Proxy; requests: string[]; stop: () => void}> {
  const requests: string[] = [];
  const server = createServer((socket) => {
    socket
      .on('error', () => undefined)
      .on('data', (bytes) => {
        requests.push(String(bytes));
        socket.write(String(bytes).toUpperCase());
      });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = await startProxy((server.address() as AddressInfo).port, options);
  onTestFinished(async () => {
    server.close();
    await proxy.close();
  });
  return {proxy, requests, stop: () => server.close()};
}

interface Client {
  readonly socket: Socket;
  readonly received: () => string;
  readonly ended: Promise<unknown>;
}

async function open({port}: Proxy): Promise<Client> {
  const socket = connect(port, '127.0.0.1').setEncoding('utf8');
  let received = '';
  socket.on('error', () => undefined).on('data', (text: string) => (received += text));
  const ended = new Promise((resolve) => socket.on('close', resolve));
  await once(socket, 'connect');
  return {socket, received: () => received, ended};
}

async function until(isReached: () => boolean): Promise<void> {
  while (!isReached()) await sleep(5);
}

it('the proxy passes bytes both ways', async () => {
  const {proxy} = await startEcho();
  const {socket, received} = await open(proxy);
  socket.write('hello');
  await until(() => received() === 'HELLO');
});

it('the proxy cuts connections', async () => {
  const {proxy} = await startEcho();
  const {socket, received, ended} = await open(proxy);
  socket.write('hello');
  await until(() => received() === 'HELLO');
  expect(proxy.cut()).toBe(1);
  await ended;
});

it('the proxy delays bytes in order', async () => {
  const {proxy} = await startEcho();
  const {socket, received} = await open(proxy);
  proxy.delay(100);
  const begun = performance.now();
  socket.write('one ');
  await sleep(20);
  socket.write('two');
  await until(() => received() === 'ONE TWO');
  expect(performance.now() - begun).toBeGreaterThan(200);
});

it('the proxy holds bytes and the end of a connection until it is released', async () => {
  const {proxy, requests} = await startEcho();
  const {socket} = await open(proxy);
  proxy.hold(true);
  socket.end('hello');
  await sleep(100);
  expect(requests).toEqual([]);
  proxy.hold(false);
  await until(() => requests.length === 1);
});

it('the proxy cuts a connection after a request or before its answer', async () => {
  const {proxy, requests} = await startEcho();
  for (const [direction, verdict] of [
    ['up', 'pass and cut'],
    ['down', 'cut'],
  ] as const) {
    const {socket, received, ended} = await open(proxy);
    proxy.inspect((way) => (way === direction ? verdict : 'pass'));
    socket.write('hello');
    await ended;
    expect(received()).toBe('');
    proxy.inspect(undefined);
  }
  await until(() => requests.length === 2);
});

it('the proxy answers with a configured text if its target is unreachable', async () => {
  const {proxy, stop} = await startEcho({unreachable: 'unreachable'});
  stop();
  const {received, ended} = await open(proxy);
  await ended;
  expect(received()).toBe('unreachable');
});

it(
  'the proxy closes, although a target ended without reading all that a client sent',
  {timeout: 20_000},
  async () => {
    const accepted: Socket[] = [];
    const target = createServer((socket) => {
      socket.on('error', () => undefined).pause();
      accepted.push(socket);
    }).listen(0, '127.0.0.1');
    await once(target, 'listening');
    onTestFinished(() => void target.close());
    const proxy = await startProxy((target.address() as AddressInfo).port);
    const {socket, ended} = await open(proxy);
    // More than the buffers of both connections hold, so the proxy stops reading.
    while (socket.writableLength < 16_000_000) socket.write('x'.repeat(1_000_000));
    await sleep(500);
    for (const each of accepted) each.resetAndDestroy();
    await sleep(100);
    socket.destroy();
    await ended;
    await proxy.close();
  },
);
