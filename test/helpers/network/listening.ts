import {once} from 'node:events';
import {createServer, type RequestListener} from 'node:http';
import {createServer as createRawServer, type AddressInfo, type Server, type Socket} from 'node:net';
import {onTestFinished} from 'vitest';

/** Starts a server on a free port of loopback, and returns its URL. Ends it with the test. */
export async function listening(server: Server): Promise<string> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Starts an HTTP server with a listener, and returns its URL. */
export function serving(listener: RequestListener): Promise<string> {
  return listening(createServer(listener));
}

/** Returns a port that accepts connections and never answers. */
export async function silentPort(): Promise<number> {
  return Number(new URL(await listening(createRawServer())).port);
}
