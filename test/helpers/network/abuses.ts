import type {Socket} from 'node:net';
import {setTimeout as sleep} from 'node:timers/promises';

/** One behaviour of a hostile client on its connection. */
export type Abuse = (socket: Socket, isOver: () => boolean) => Promise<void>;

const head = 'GET /getid?range=1&mode=abused HTTP/1.1\r\nHost: localhost\r\n';
const request = `${head}\r\n`;
const post = (fields: string): string =>
  `POST /getid?range=1&mode=abused HTTP/1.1\r\nHost: localhost\r\n${fields}\r\n\r\n`;

/** Writes up to `total` characters, as fast as the connection takes them. */
async function pour(socket: Socket, chunk: string, total: number, isOver: () => boolean): Promise<void> {
  for (let sent = 0; sent < total && !socket.destroyed && !isOver(); sent += chunk.length) {
    if (socket.write(chunk)) continue;
    while (socket.writableNeedDrain && !isOver()) await sleep(5);
  }
}

async function drip(socket: Socket, text: string, isOver: () => boolean): Promise<void> {
  for (const byte of text) {
    if (isOver()) return;
    socket.write(byte);
    await sleep(100);
  }
}

const chunk = '4000\r\n' + 'x'.repeat(0x4000) + '\r\n';

/** All abuses by name. */
export const abuses: Readonly<Record<string, Abuse>> = {
  'a head a byte at a time': (socket, isOver) => drip(socket, head.repeat(20), isOver),
  'a body a byte at a time': async (socket, isOver) => {
    socket.write(post('Content-Length: 1000'));
    await drip(socket, 'x'.repeat(1000), isOver);
  },
  'a header of a megabyte': (socket, isOver) =>
    pour(socket, `${head}X: ${'y'.repeat(1_000_000)}`, 1_000_000, isOver),
  'a body of 100 MB': async (socket, isOver) => {
    socket.write(post('Content-Length: 100000000'));
    await pour(socket, 'x'.repeat(65_536), 100_000_000, isOver);
  },
  'a body of 100 MB in chunks': async (socket, isOver) => {
    socket.write(post('Transfer-Encoding: chunked'));
    await pour(socket, chunk, 100_000_000, isOver);
  },
  'a half-closed connection': (socket) => {
    socket.end(request);
    return Promise.resolve();
  },
  'many requests before the first answer': (socket, isOver) =>
    pour(socket, request.repeat(50), 1_000_000, isOver),
  'requests whose answers are never read': async (socket, isOver) => {
    socket.pause();
    await pour(socket, request.repeat(500), 10_000_000, isOver);
  },
  'a reset before any byte': (socket) => {
    socket.resetAndDestroy();
    return Promise.resolve();
  },
  'a reset within the head': (socket) => {
    socket.write(head, () => socket.resetAndDestroy());
    return Promise.resolve();
  },
  'a reset before the answer': (socket) => {
    socket.write(request, () => socket.resetAndDestroy());
    return Promise.resolve();
  },
  'a reset after the answer': (socket) => {
    socket.write(request);
    socket.once('data', () => socket.resetAndDestroy());
    return Promise.resolve();
  },
  'a reset within the body': (socket) => {
    socket.write(post('Content-Length: 500') + 'x', () => socket.resetAndDestroy());
    return Promise.resolve();
  },
  'bytes that are not HTTP': (socket) => {
    socket.write(Buffer.from(Array.from({length: 2000}, (_, index) => (index * 7) % 256)));
    return Promise.resolve();
  },
};
