import type {Socket} from 'node:net';
import type {AnyServer, OtherConnections} from '../http/listen.js';
import {PlainConnection, type PlainService} from './connection.js';

/**
 * Stands in front of `node:http` on a server that listens: each new connection is a plain one until something else
 * than a plain request comes on it (`PlainConnection`). `node:http` takes connections by the event of that name, and
 * others may hand it sockets so (https://nodejs.org/api/http.html#event-connection).
 */
export function acceptPlain(server: AnyServer, service: PlainService): OtherConnections {
  const event = 'setSecureContext' in server ? 'secureConnection' : 'connection';
  const listeners = server.listeners(event) as ((this: AnyServer, socket: Socket) => void)[];
  const connections = new Set<PlainConnection>();
  server.removeAllListeners(event);
  server.on(event, (socket: Socket) => {
    const connection = new PlainConnection(service, socket, () => {
      connections.delete(connection);
      for (const listener of listeners) listener.call(server, socket);
    });
    connections.add(connection);
    socket.once('close', () => connections.delete(connection));
  });
  return {
    closeIdle: () => {
      for (const connection of connections) if (connection.isIdle) connection.destroy();
    },
    closeAll: () => {
      for (const connection of connections) connection.destroy();
    },
  };
}
