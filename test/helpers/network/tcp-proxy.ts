import {once} from 'node:events';
import {connect, createServer, type AddressInfo, type Socket} from 'node:net';
import {Transform} from 'node:stream';
import {onTestFinished} from 'vitest';

/** A proxy between clients and a server on loopback that can make connections die silently. */
export interface TcpProxy {
  readonly port: number;
  /** Forwards new connections to another port, and cuts the existing ones. */
  readonly sendTo: (port: number) => void;
  /** Forwards no more bytes of the existing connections, either way; they stay open. New ones work. */
  readonly hold: () => void;
  /** Cuts every connection; held bytes are lost. */
  readonly cut: () => void;
  /** Counts the reads from the server: about one per round trip. */
  readonly answers: () => number;
}

/**
 * Starts a proxy to a port of this machine, and ends it with the test.
 *
 * @param change replaces the bytes that clients send
 */
export async function startProxy(
  target: number,
  change: (sent: Buffer) => Buffer = (sent) => sent,
): Promise<TcpProxy> {
  let port = target;
  let answers = 0;
  const sockets = new Set<Socket>();
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1').on('data', () => answers++);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      if (socket === near) {
        const changing = new Transform({
          transform: (chunk: Buffer, _, done) => {
            done(null, change(chunk));
          },
        });
        socket.pipe(changing).pipe(other);
      } else socket.pipe(other);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    cut();
    server.close();
  });
  return {
    port: (server.address() as AddressInfo).port,
    sendTo: (other) => {
      port = other;
      cut();
    },
    hold: () => {
      for (const socket of sockets) socket.unpipe().pause();
    },
    cut,
    answers: () => answers,
  };
}
