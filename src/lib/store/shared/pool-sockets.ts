import {connect, type Socket} from 'node:net';
import {setTimeout as sleep} from 'node:timers/promises';

/**
 * Opens the sockets of one pool and keeps track of them, so that all can be destroyed immediately. The
 * drivers end a connection with a message and a half-closed socket. A server that no longer answers leaves
 * that open for minutes.
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
    // The PostgreSQL driver adds its listeners a moment later. Without this listener, an immediate failure,
    // such as a lack of file descriptors, would end the process and never reach the driver.
    socket.once('error', (error) => {
      if (socket.listenerCount('error') === 0) setImmediate(repeatError, socket, error);
    });
    socket.once('close', () => {
      this.#open.delete(socket);
    });
    return socket;
  }

  /** Waits until the server has closed all connections. Returns false if any is open after `limitMs`. */
  async areClosed(limitMs: number): Promise<boolean> {
    const deadline = performance.now() + limitMs;
    while (this.#open.size > 0 && performance.now() < deadline) await sleep(10);
    return this.#open.size === 0;
  }

  destroy(): void {
    for (const socket of this.#open) socket.destroy();
  }
}

/** Repeats the end of a socket for the listeners that were added after it. */
function repeatError(socket: Socket, error: Error): void {
  if (socket.listenerCount('error') === 0) return;
  socket.emit('error', error);
  socket.emit('close', true);
}
