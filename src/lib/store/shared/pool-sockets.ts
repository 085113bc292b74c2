import {connect, type Socket} from 'node:net';
import {setTimeout as sleep} from 'node:timers/promises';

/**
 * Opens the sockets of one pool and keeps them. The drivers end a connection with a message and a half-closed socket,
 * which a server that no longer answers leaves open for minutes: here all are destroyed at once.
 */
export class PoolSockets {
  readonly host: string;
  readonly port: number;
  readonly #open = new Set<Socket>();

  constructor(host: string, port: number) {
    this.host = host;
    this.port = port;
  }

  open(): Socket {
    const socket = connect({host: this.host, port: this.port, noDelay: true, keepAlive: true});
    this.#open.add(socket);
    // The driver of PostgreSQL adds its listeners a moment later. An attempt that fails at once, such as for want of file
    // descriptors, would end the process; the driver would never hear of it.
    socket.once('error', (error) => {
      if (socket.listenerCount('error') === 0) setImmediate(tellAgain, socket, error);
    });
    socket.once('close', () => {
      this.#open.delete(socket);
    });
    return socket;
  }

  /** Waits until the server has closed all connections. Returns false if some are still open after `limitMs`. */
  async areClosed(limitMs: number): Promise<boolean> {
    const deadline = performance.now() + limitMs;
    while (this.#open.size > 0 && performance.now() < deadline) await sleep(10);
    return this.#open.size === 0;
  }

  destroy(): void {
    for (const socket of this.#open) socket.destroy();
  }
}

/** Repeats the end of a socket to the listeners that came after it. */
function tellAgain(socket: Socket, error: Error): void {
  if (socket.listenerCount('error') === 0) return;
  socket.emit('error', error);
  socket.emit('close', true);
}
