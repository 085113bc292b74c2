import type {Socket} from 'node:net';
import type {AnyServer, ConnectionGroup} from './listen.js';

/**
 * Keeps the sockets of a TLS server with an incomplete handshake, so that they can be closed. `node:https`
 * does not know them: it emits a connection only when it is secure.
 */
export function trackHandshakes(server: AnyServer): ConnectionGroup {
  const sockets = new Map<string, Socket>();
  const closeAll = (): void => {
    for (const socket of sockets.values()) socket.destroy();
  };
  if ('setSecureContext' in server) {
    server.on('connection', (socket: Socket) => {
      const ends = endsOf(socket);
      sockets.set(ends, socket);
      socket.once('close', () => {
        if (sockets.get(ends) === socket) sockets.delete(ends);
      });
    });
    server.on('secureConnection', (socket) => {
      // This socket is another object than the accepted one.
      sockets.delete(endsOf(socket));
      // Not earlier: a client that half-closes during the handshake would keep its place until the timeout.
      socket.allowHalfOpen = true;
    });
  }
  return {closeIdle: closeAll, closeAll};
}

/** Identifies a connection by both its ends, which no other open connection shares. */
function endsOf({localAddress, localPort, remoteAddress, remotePort}: Socket): string {
  return [localAddress, localPort, remoteAddress, remotePort].join(' ');
}
