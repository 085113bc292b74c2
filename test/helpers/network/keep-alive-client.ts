import {connect, type Socket} from 'node:net';

/** A connection for sequential requests that uses little memory: tests open ten thousand. */
export interface KeepAliveClient {
  readonly socket: Socket;
  /** Returns the text of a whole answer; `undefined` if the connection was closed. */
  readonly ask: (path: string) => Promise<string | undefined>;
}

/** Connects. Only the first answer proves that the server has kept the connection. */
export function keepAliveClient(url: string): KeepAliveClient {
  const {hostname, port} = new URL(url);
  const socket = connect(Number(port), hostname);
  let text = '';
  let resolveAnswer: ((answer: string | undefined) => void) | undefined;
  const settle = (answer: string | undefined): void => {
    const resolve = resolveAnswer;
    resolveAnswer = undefined;
    text = '';
    resolve?.(answer);
  };
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk;
    const head =
      /^HTTP\/1\.1 [^]*?\r\nContent-Length: ([0-9]+)\r\n[^]*?\r\n\r\n|^HTTP\/1\.1 [^]*?\r\nContent-Length: ([0-9]+)\r\n\r\n/i.exec(
        text,
      );
    if (head !== null && text.length >= head[0].length + Number(head[1] ?? head[2])) settle(text);
  });
  socket
    .on('error', () => undefined)
    .on('close', () => {
      settle(undefined);
    });
  return {
    socket,
    ask: (path) =>
      new Promise((resolve) => {
        if (socket.destroyed) {
          resolve(undefined);
          return;
        }
        resolveAnswer = resolve;
        socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      }),
  };
}
