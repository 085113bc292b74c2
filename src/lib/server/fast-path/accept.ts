import type {Socket} from 'node:net';
import type {Settings} from '../../config/settings.js';
import type {AnyServer, ConnectionGroup} from '../http/listen.js';
import type {RouteDeps} from '../router.js';
import {FastPathConnection} from './connection.js';
import {FastPathResponse} from './response.js';

/**
 * Puts the fast path in front of `node:http` on a listening server. A connection leaves the fast path
 * with its first request that is not the common one (`FastPathConnection`). `node:http` accepts a socket
 * whenever the event is emitted (https://nodejs.org/api/http.html#event-connection).
 */
export function acceptFastPath(
  server: AnyServer,
  routes: RouteDeps,
  {headerTimeoutMs, idleTimeoutMs}: Settings,
): ConnectionGroup {
  const response = new FastPathResponse(routes.writer, idleTimeoutMs);
  const deps = {...routes, response, headerTimeoutMs, idleTimeoutMs};
  const event = 'setSecureContext' in server ? 'secureConnection' : 'connection';
  const listeners = server.listeners(event) as ((this: AnyServer, socket: Socket) => void)[];
  const connections = new Set<FastPathConnection>();
  server.removeAllListeners(event);
  server.on(event, (socket: Socket) => {
    const connection = new FastPathConnection(deps, socket, () => {
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
