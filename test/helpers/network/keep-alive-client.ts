import {connect, type Socket} from 'node:net';

/** A connection that asks one request after the other, in as little memory as ten thousand of them may have. */
export interface KeepAliveClient {
  readonly socket: Socket;
  /** The text of a whole answer; `undefined` where the connection was closed instead. */
  readonly ask: (path: string) => Promise<string | undefined>;
}

/** Connects; whether the server keeps the connection only its first answer tells. */
export function keepAliveClient(url: string): KeepAliveClient {
  const {hostname, port} = new URL(url);
  const socket = connect(Number(port), hostname);
  let text = '';
  let tell: ((answer: string | undefined) => void) | undefined;
  const settle = (answer: string | undefined): void => {
    const told = tell;
    tell = undefined;
    text = '';
    told?.(answer);
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
        tell = resolve;
        socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      }),
  };
}
