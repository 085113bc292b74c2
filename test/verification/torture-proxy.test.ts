import {once} from 'node:events';
import {connect, createServer, type AddressInfo, type Socket} from 'node:net';
import {setTimeout as sleep} from 'node:timers/promises';
import {expect, it, onTestFinished} from 'vitest';
import {startProxy, type Proxy, type ProxyOptions} from '../../verification/torture/proxy.js';

/** A server that answers each read with its upper case, behind a proxy. */
async function shouting(options?: ProxyOptions): Promise<{proxy: Proxy; heard: string[]; stop: () => void}> {
  const heard: string[] = [];
  const server = createServer((socket) => {
    socket
      .on('error', () => undefined)
      .on('data', (bytes) => {
        heard.push(String(bytes));
        socket.write(String(bytes).toUpperCase());
      });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = await startProxy((server.address() as AddressInfo).port, options);
  onTestFinished(async () => {
    server.close();
    await proxy.close();
  });
  return {proxy, heard, stop: () => server.close()};
}

interface Caller {
  readonly socket: Socket;
  readonly said: () => string;
  readonly ended: Promise<unknown>;
}

async function call({port}: Proxy): Promise<Caller> {
  const socket = connect(port, '127.0.0.1').setEncoding('utf8');
  let said = '';
  socket.on('error', () => undefined).on('data', (text: string) => (said += text));
  const ended = new Promise((resolve) => socket.on('close', resolve));
  await once(socket, 'connect');
  return {socket, said: () => said, ended};
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(5);
}

it('passes bytes on, both ways', async () => {
  const {proxy} = await shouting();
  const {socket, said} = await call(proxy);
  socket.write('hello');
  await until(() => said() === 'HELLO');
});

it('cuts connections', async () => {
  const {proxy} = await shouting();
  const {socket, said, ended} = await call(proxy);
  socket.write('hello');
  await until(() => said() === 'HELLO');
  expect(proxy.cut()).toBe(1);
  await ended;
});

it('delays, and keeps the order', async () => {
  const {proxy} = await shouting();
  const {socket, said} = await call(proxy);
  proxy.delay(100);
  const begun = performance.now();
  socket.write('one ');
  await sleep(20);
  socket.write('two');
  await until(() => said() === 'ONE TWO');
  expect(performance.now() - begun).toBeGreaterThan(200);
});

it('holds what is sent, and the end too, until it lets go', async () => {
  const {proxy, heard} = await shouting();
  const {socket} = await call(proxy);
  proxy.hold(true);
  socket.end('hello');
  await sleep(100);
  expect(heard).toEqual([]);
  proxy.hold(false);
  await until(() => heard.length === 1);
});

it('cuts when the request has passed, and before the answer does', async () => {
  const {proxy, heard} = await shouting();
  for (const [direction, verdict] of [
    ['up', 'pass and cut'],
    ['down', 'cut'],
  ] as const) {
    const {socket, said, ended} = await call(proxy);
    proxy.inspect((way) => (way === direction ? verdict : 'pass'));
    socket.write('hello');
    await ended;
    expect(said()).toBe('');
    proxy.inspect(undefined);
  }
  await until(() => heard.length === 2);
});

it('says that it reaches nobody, where it has words for that', async () => {
  const {proxy, stop} = await shouting({unreachable: 'nobody'});
  stop();
  const {said, ended} = await call(proxy);
  await ended;
  expect(said()).toBe('nobody');
});
