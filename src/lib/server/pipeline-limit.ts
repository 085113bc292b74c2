import type {RequestListener} from 'node:http';
import type {Socket} from 'node:net';

/** So many requests of one connection may wait for their answers; hardly any client sends even a second one early. */
const MOST_UNANSWERED = 100;

/**
 * Cuts a connection that has too much under way. `node:http` hands over every request that it has received at once, and
 * receives on while none is answered: without a bound one client that pipelines fills the queue and the memory for all,
 * and when it goes away `node:http` takes seconds to let go of what it asked.
 */
export function limitPipelining(listener: RequestListener): RequestListener {
  const unanswered = new WeakMap<Socket, number>();
  return (request, response) => {
    const {socket} = request;
    const waiting = (unanswered.get(socket) ?? 0) + 1;
    if (waiting > MOST_UNANSWERED) {
      // The rest of the packet comes here too, and is not looked at.
      socket.destroy();
      return;
    }
    unanswered.set(socket, waiting);
    response.once('close', () => unanswered.set(socket, (unanswered.get(socket) ?? 0) - 1));
    listener(request, response);
  };
}
