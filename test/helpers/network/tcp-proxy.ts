import {once} from 'node:events';
import {connect, createServer, type AddressInfo, type Socket} from 'node:net';
import {Transform} from 'node:stream';
import {onTestFinished} from 'vitest';

/** Stands between a client and a server on loopback, and can keep back what the server says. */
export interface TcpProxy {
  readonly port: number;
  /** Sends new connections to another port; those that are there are cut. */
  readonly sendTo: (port: number) => void;
  /** Passes nothing on from now on, neither way; connections stay open. */
  readonly hold: () => void;
  /** Cuts every connection; what was kept back is lost. */
  readonly cut: () => void;
  /** How many pieces the server has sent: about one per round trip. */
  readonly answers: () => number;
}

/**
 * Starts a proxy to a port of this machine; it ends with the test.
 *
 * @param change what becomes of what clients say
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
