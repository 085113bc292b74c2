import type {IncomingMessage, RequestListener, ServerResponse} from 'node:http';
import type {Socket} from 'node:net';

/** So many requests of one connection may wait for their answers; hardly any client sends even a second one early. */
const MOST_UNANSWERED = 100;

/** A request in its place among those of its connection. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  isStarted: boolean;
}

/** What is not yet answered on each connection, in order; an answer counts until the system has taken it. */
const unanswered = new WeakMap<Socket, Exchange[]>();

/**
 * Bounds what one connection can have under way. `node:http` hands over every request that it has received at once: a
 * client that pipelines and never reads would fill the queue and the memory for all. So an answer that may be large is
 * made only when those before it are sent, and a connection with too many requests is cut.
 */
export function limitPipelining(listener: RequestListener): RequestListener {
  return (request, response) => {
    const {socket} = request;
    const exchanges = unanswered.get(socket) ?? [];
    if (exchanges.length >= MOST_UNANSWERED) {
      // The rest of the packet comes here too, and is not looked at.
      socket.destroy();
      return;
    }
    unanswered.set(socket, exchanges);
    const exchange = {request, response, isStarted: false};
    exchanges.push(exchange);
    const start = (next: Exchange): void => {
      next.isStarted = true;
      listener(next.request, next.response);
    };
    response.once('close', () => {
      exchanges.splice(exchanges.indexOf(exchange), 1);
      const [next] = exchanges;
      if (next?.isStarted === false && !socket.destroyed) start(next);
    });
    if (exchanges.length === 1 || isSmall(request)) start(exchange);
  };
}

/** Calls back when every request that came on the connection is answered: now, if there is none. */
export function whenAnswered(socket: Socket, callback: () => void): void {
  const last = unanswered.get(socket)?.at(-1);
  if (last === undefined) callback();
  else last.response.once('close', callback);
}

/** Ranges are small, and those of one connection share a commit. */
function isSmall({url}: IncomingMessage): boolean {
  return url?.startsWith('/getid') === true;
}
