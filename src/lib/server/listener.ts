import type {IncomingMessage, RequestListener, ServerResponse} from 'node:http';
import type {Allocator} from '../allocation/allocator.js';
import {formatRange, parseRange} from '../allocation/range.js';
import {toUniqueIDError, UniqueIDError} from '../errors.js';
import type {Answerer} from './answer.js';
import type {Store} from '../store/store.js';
import {readGetidQuery} from './query.js';
import {serviceStatus} from './status.js';

/** What the routes need. */
export interface Service {
  readonly store: Store;
  readonly allocator: Allocator;
  /** The most integers one request may ask for. */
  readonly maxRange: bigint;
  readonly answerer: Answerer;
  /** Told of every failure that is not the client's own. */
  readonly onFailure: (error: UniqueIDError, request: IncomingMessage) => void;
}

/** One path of the API: its methods, and what answers them. */
interface Route {
  readonly methods: readonly string[];
  readonly handle: (
    service: Service,
    request: IncomingMessage,
    response: ServerResponse,
    query: string,
  ) => void;
}

const upAndRunning = '{"message": "Pacifica UniqueID Up and Running"}';

/** HEAD is not among the methods of getid: the Python service answers it, and burns the range. */
const routes: Readonly<Record<string, Route>> = {
  '/getid': {methods: ['GET', 'POST'], handle: getid},
  '/status': {
    methods: ['GET', 'HEAD'],
    handle: (service, request, response, query) => {
      answerLater(service, request, response, serviceStatus(service.store, service.allocator, query));
    },
  },
  '/': {
    methods: ['GET', 'HEAD'],
    handle: ({answerer}, request, response) => {
      answerer.json(request, response, 200, upAndRunning);
    },
  },
};

/** The REST API as a listener for `node:http`. */
export function createListener(service: Service): RequestListener {
  return (request, response) => {
    try {
      dispatch(service, request, response);
    } catch (error) {
      fail(service, request, response, error);
    }
  };
}

function dispatch(service: Service, request: IncomingMessage, response: ServerResponse): void {
  const {path, query} = splitTarget(request.url ?? '/');
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (route === undefined) {
    throw new UniqueIDError('NOT_FOUND', `There is nothing at ${JSON.stringify(path.slice(0, 100))}.`, {
      hint: 'Ask for /getid?range=10&mode=file.',
    });
  }
  if (!route.methods.includes(request.method ?? '')) {
    const allow = route.methods.join(', ');
    const error = new UniqueIDError('METHOD_NOT_ALLOWED', `${request.method} is not allowed at ${path}.`, {
      hint: `Use ${allow}.`,
    });
    service.answerer.error(request, response, error, ['Allow', allow]);
    return;
  }
  route.handle(service, request, response, query);
}

function getid(service: Service, request: IncomingMessage, response: ServerResponse, query: string): void {
  if (isPrefetch(request)) {
    throw new UniqueIDError('PREFETCH_REFUSED', 'A prefetch takes no integers: nobody might ever use them.', {
      hint: 'Ask again when the answer is needed.',
    });
  }
  const {mode, range} = readGetidQuery(query);
  service.allocator.allocate(mode, parseRange(range, service.maxRange)).then(
    (allocated) => {
      service.answerer.json(request, response, 200, formatRange(allocated));
    },
    (error: unknown) => {
      fail(service, request, response, error);
    },
  );
}

function answerLater(
  service: Service,
  request: IncomingMessage,
  response: ServerResponse,
  body: Promise<string>,
): void {
  body.then(
    (text) => {
      service.answerer.json(request, response, 200, text);
    },
    (error: unknown) => {
      fail(service, request, response, error);
    },
  );
}

function fail(service: Service, request: IncomingMessage, response: ServerResponse, thrown: unknown): void {
  const error = toUniqueIDError(thrown);
  if (error.httpStatus >= 500) service.onFailure(error, request);
  service.answerer.error(request, response, error);
}

/** Path and query of a request target, in origin form or, from a proxy, in absolute form (RFC 9112, 3.2). */
function splitTarget(target: string): {path: string; query: string} {
  const origin = target.startsWith('/') ? target : target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?]*/i, '');
  const mark = origin.indexOf('?');
  const path = mark < 0 ? origin : origin.slice(0, mark);
  return {
    path: path === '/getid/' ? '/getid' : path === '' ? '/' : path,
    query: mark < 0 ? '' : origin.slice(mark + 1),
  };
}

/** `Sec-Purpose` as browsers send it now, `Purpose` and `X-Moz` as they once did. */
function isPrefetch({headers}: IncomingMessage): boolean {
  const purpose = headers['sec-purpose'] ?? headers['purpose'] ?? headers['x-moz'];
  return purpose !== undefined && /\b(?:prefetch|prerender|preview)\b/i.test(String(purpose));
}
