import type {IncomingMessage, RequestListener, ServerResponse} from 'node:http';
import type {Socket} from 'node:net';
import {GETID_PATH} from './target.js';

/** Requests of one connection that may wait for answers; hardly any client pipelines even a second one. */
const MAX_UNANSWERED = 100;

/** A request in the order of its connection. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  isStarted: boolean;
}

/** The unanswered requests per connection, in order; an answer counts until the system has taken it. */
const unanswered = new WeakMap<Socket, Exchange[]>();

/**
 * Bounds the pending requests of one connection. `node:http` emits every request as soon as it is received.
 * A client that pipelines and never reads would fill the queue and the memory for all. So an answer that may
 * be large is made only after those before it are sent. A connection with too many requests is cut.
 */
export function limitPipelining(listener: RequestListener): RequestListener {
  return (request, response) => {
    const {socket} = request;
    const exchanges = unanswered.get(socket) ?? [];
    if (exchanges.length >= MAX_UNANSWERED) {
      // Further requests of the same packet arrive here too, and are not read.
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

/** Calls back when every request of the connection is answered: immediately if none is pending. */
export function whenAnswered(socket: Socket, callback: () => void): void {
  const last = unanswered.get(socket)?.at(-1);
  if (last === undefined) callback();
  else last.response.once('close', callback);
}

/** Returns true for ranges: they are small, and those of one connection share a commit. */
function isSmall({url}: IncomingMessage): boolean {
  return url?.startsWith(GETID_PATH) === true;
}
