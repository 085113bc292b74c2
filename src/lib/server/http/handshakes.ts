import type {Socket} from 'node:net';
import type {AnyServer, OtherConnections} from './listen.js';

/**
 * Keeps the sockets of a TLS server whose handshake is not complete. Nobody else knows them: `node:https` announces a
 * connection when it is secure.
 */
export function trackHandshakes(server: AnyServer): OtherConnections {
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
      // This socket is another object than the one that was accepted.
      sockets.delete(endsOf(socket));
      // Not earlier: a client that closes its half instead of a handshake would keep its place until the time limit.
      socket.allowHalfOpen = true;
    });
  }
  return {closeIdle: closeAll, closeAll};
}

/** Both ends of a connection, which no other open connection has. */
function endsOf({localAddress, localPort, remoteAddress, remotePort}: Socket): string {
  return [localAddress, localPort, remoteAddress, remotePort].join(' ');
}
