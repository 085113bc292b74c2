import type {IncomingMessage, RequestListener, ServerResponse} from 'node:http';
import type {Allocator} from '../allocation/allocator.js';
import {formatRange, parseRange} from '../allocation/range.js';
import {toUniqueIDError, UniqueIDError} from '../errors.js';
import type {Answerer} from './answer.js';
import type {Health} from './health.js';
import type {Metrics} from './metrics.js';
import {openapiText} from './openapi.js';
import type {Store} from '../store/store.js';
import {readGetidQuery} from './query.js';
import {serviceStatus} from './status.js';
import type {Token, Tokens} from './tokens.js';

/** What the routes need. */
export interface Service {
  readonly store: Store;
  readonly allocator: Allocator;
  readonly health: Health;
  readonly metrics: Metrics;
  /** Who may ask; without it everybody may. */
  readonly tokens: Tokens | undefined;
  /** The most integers one request may ask for. */
  readonly maxRange: bigint;
  readonly answerer: Answerer;
  /** Told of every failure that is not the client's own; answers the id by which it is found in the log. */
  readonly onFailure: (error: UniqueIDError, request: IncomingMessage) => string;
}

/** A request on its way to its answer. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: string;
  /** Who asks, where the service asks for tokens. */
  readonly token: Token | undefined;
}

/** One path of the API: its methods, whether it asks for a token, and what answers it. */
interface Route {
  readonly methods: readonly string[];
  readonly isGuarded: boolean;
  readonly handle: (service: Service, exchange: Exchange) => void;
}

const upAndRunning = '{"message": "Pacifica UniqueID Up and Running"}';
const looking = ['GET', 'HEAD'];

/** HEAD is not among the methods of getid: the Python service answers it, and burns the range. */
const routes: Readonly<Record<string, Route>> = {
  '/getid': {methods: ['GET', 'POST'], isGuarded: true, handle: getid},
  '/status': {
    methods: looking,
    isGuarded: true,
    handle: (service, exchange) => {
      answerLater(service, exchange, serviceStatus(service.store, service.allocator, exchange.query));
    },
  },
  '/health': {
    methods: looking,
    isGuarded: false,
    handle: (service, exchange) => {
      answerLater(service, exchange, healthBody(service));
    },
  },
  '/metrics': {
    methods: looking,
    isGuarded: true,
    handle: (service, exchange) => {
      answerLater(service, exchange, service.metrics.text(), service.metrics.contentType);
    },
  },
  '/openapi.json': {
    methods: looking,
    isGuarded: false,
    handle: (service, exchange) => {
      answerLater(service, exchange, openapiText());
    },
  },
  '/': {
    methods: looking,
    isGuarded: false,
    handle: ({answerer}, {request, response}) => {
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
      hint: 'Ask for /getid?range=10&mode=file; /openapi.json lists all there is.',
    });
  }
  if (!route.methods.includes(request.method ?? '')) {
    const allow = route.methods.join(', ');
    const error = new UniqueIDError('METHOD_NOT_ALLOWED', `${request.method} is not allowed at ${path}.`, {
      hint: `Use ${allow}.`,
    });
    service.metrics.refused(error);
    service.answerer.error(request, response, error, ['Allow', allow]);
    return;
  }
  const token = route.isGuarded ? service.tokens?.check(request.headers.authorization) : undefined;
  route.handle(service, {request, response, query, token});
}

function getid(service: Service, {request, response, query, token}: Exchange): void {
  if (isPrefetch(request)) {
    throw new UniqueIDError('PREFETCH_REFUSED', 'A prefetch takes no integers: nobody might ever use them.', {
      hint: 'Ask again when the answer is needed.',
    });
  }
  const {mode, range} = readGetidQuery(query);
  const count = parseRange(range, mostOf(service, token));
  if (token?.allowedModes?.(mode) === false) {
    throw new UniqueIDError(
      'MODE_NOT_ALLOWED',
      `The token of ${JSON.stringify(token.name)} does not allow mode ${JSON.stringify(mode)}.`,
      {hint: 'Correct the mode, or ask whoever runs this service to allow it.'},
    );
  }
  service.allocator.allocate(mode, count).then(
    (allocated) => {
      service.answerer.json(request, response, 200, formatRange(allocated));
    },
    (error: unknown) => {
      fail(service, request, response, error);
    },
  );
}

function mostOf({maxRange}: Service, token: Token | undefined): bigint {
  const most = token?.maxRange;
  return most === undefined || most > maxRange ? maxRange : most;
}

async function healthBody({health, store}: Service): Promise<string> {
  const problem = await health.problem();
  if (problem === undefined) return `{"status": "ok", "database": ${JSON.stringify(store.location)}}`;
  // Whatever is wrong, it is this service that cannot allocate.
  throw problem.httpStatus === 503
    ? problem
    : new UniqueIDError('DATABASE_UNAVAILABLE', problem.message, {cause: problem});
}

function answerLater(
  service: Service,
  {request, response}: Exchange,
  body: Promise<string>,
  contentType?: string,
): void {
  body.then(
    (text) => {
      service.answerer.json(request, response, 200, text, [], contentType);
    },
    (error: unknown) => {
      fail(service, request, response, error);
    },
  );
}

function fail(service: Service, request: IncomingMessage, response: ServerResponse, thrown: unknown): void {
  const error = toUniqueIDError(thrown);
  service.metrics.refused(error);
  const extra =
    error.httpStatus >= 500
      ? ['X-Request-Id', service.onFailure(error, request)]
      : error.httpStatus === 401
        ? ['WWW-Authenticate', 'Bearer realm="uniqueid"']
        : [];
  service.answerer.error(request, response, error, extra);
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
