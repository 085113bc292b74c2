import type {IncomingMessage, RequestListener, ServerResponse} from 'node:http';
import {formatRange} from '../core/range.js';
import {toUniqueIDError, UniqueIDError} from '../core/errors.js';
import type {Store} from '../store/store.js';
import {formatError, type Answerer} from './http/response-writer.js';
import type {Getid} from './routes/getid.js';
import {asUnavailable, codeAlone, type Health} from './routes/health.js';
import type {HostCheck} from './http/host-check.js';
import type {Metrics} from './observability/metrics.js';
import {openapiText} from './routes/openapi.js';
import {limitPipelining} from './http/pipeline-limit.js';
import type {Refusals} from './http/rejections.js';
import type {ServiceStatus} from './routes/status.js';
import {isPrefetchPurpose, splitTarget} from './http/target.js';
import type {Tokens} from './http/tokens.js';

/** What the routes need. */
export interface Service {
  readonly store: Store;
  readonly status: ServiceStatus;
  readonly health: Health;
  readonly metrics: Metrics;
  /** Who may ask; without it everybody may. */
  readonly tokens: Tokens | undefined;
  readonly getid: Getid;
  readonly refusals: Refusals;
  readonly hosts: HostCheck;
  readonly answerer: Answerer;
}

/** A request on its way to its answer. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: string;
}

/** One path of the API: its methods, whether the dispatcher asks for a token, and what answers it. */
interface Route {
  readonly methods: readonly string[];
  readonly isGuarded: boolean;
  readonly handle: (service: Service, exchange: Exchange) => void;
}

const upAndRunning = '{"message": "Pacifica UniqueID Up and Running"}';
const looking = ['GET', 'HEAD'];

/**
 * HEAD is not among the methods of getid: the Python service answers it, and burns the range. What a token allows
 * there depends on the query, so getid asks for it itself.
 */
const routes: Readonly<Record<string, Route>> = {
  '/getid': {methods: ['GET', 'POST'], isGuarded: false, handle: getid},
  '/status': {
    methods: looking,
    isGuarded: true,
    handle: (service, exchange) => {
      answerLater(service, exchange, service.status.answer(exchange.query));
    },
  },
  '/health': {
    methods: looking,
    isGuarded: false,
    handle: (service, exchange) => {
      answerHealth(service, exchange).catch((error: unknown) => {
        fail(service, exchange.request, exchange.response, error);
      });
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
      service.answerer.json(exchange.request, exchange.response, 200, openapiText);
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
  return limitPipelining((request, response) => {
    try {
      dispatch(service, request, response);
    } catch (error) {
      fail(service, request, response, error);
    }
  });
}

function dispatch(service: Service, request: IncomingMessage, response: ServerResponse): void {
  if (request.headers.host === undefined && request.httpVersion === '1.1') {
    throw new UniqueIDError('INVALID_REQUEST', 'The request has no Host header.', {
      hint: 'Send one, as HTTP/1.1 asks (RFC 9112, 3.2).',
    });
  }
  service.hosts.assertAllowed(request.headers.host);
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
    fail(service, request, response, error, ['Allow', allow]);
    return;
  }
  if (route.isGuarded) service.tokens?.check(request.headers.authorization);
  route.handle(service, {request, response, query});
}

function getid(service: Service, {request, response, query}: Exchange): void {
  if (isPrefetch(request)) {
    throw new UniqueIDError('PREFETCH_REFUSED', 'A prefetch takes no integers: nobody might ever use them.', {
      hint: 'Ask again when the answer is needed.',
    });
  }
  if (isCrossSite(service.hosts, request)) {
    throw new UniqueIDError('CROSS_SITE_REJECTED', 'A page of another site takes no integers from here.', {
      hint: "Open the service's own address, or let the program that serves the page ask for it.",
    });
  }
  service.getid.allocate(query, request.headers.authorization, {
    granted: (range) => {
      service.answerer.json(request, response, 200, formatRange(range));
    },
    refused: (error) => {
      fail(service, request, response, error);
    },
  });
}

/** Anybody may ask; where the database is and what ails it is told only to who has a token. The log has it too. */
async function answerHealth(service: Service, {request, response}: Exchange): Promise<void> {
  const {health, store, tokens, answerer, refusals} = service;
  const isTrusted = tokens?.isKnown(request.headers.authorization) === true;
  const problem = await health.problem();
  if (problem === undefined) {
    const details = isTrusted ? `, "database": ${JSON.stringify(store.location)}` : '';
    answerer.json(request, response, 200, `{"status": "ok"${details}}`);
    return;
  }
  const failure = asUnavailable(problem);
  const {status, body, headers} = refusals.of(failure, request);
  answerer.json(request, response, status, isTrusted ? body : formatError(codeAlone(failure)), headers);
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

function fail(
  {refusals, answerer}: Service,
  request: IncomingMessage,
  response: ServerResponse,
  thrown: unknown,
  extra?: readonly string[],
): void {
  const {status, body, headers} = refusals.of(toUniqueIDError(thrown), request, extra);
  answerer.json(request, response, status, body, headers);
}

/** What a browser says of a request that a page has made it send; other clients say nothing. */
function isCrossSite(hosts: HostCheck, {headers}: IncomingMessage): boolean {
  const {origin, host} = headers;
  if (/cross-site/i.test(String(headers['sec-fetch-site']))) return true;
  return origin !== undefined && !hosts.isOwnOrigin(origin, host);
}

/** `Sec-Purpose` as browsers send it now, `Purpose` and `X-Moz` as they once did. */
function isPrefetch({headers}: IncomingMessage): boolean {
  const purpose = headers['sec-purpose'] ?? headers['purpose'] ?? headers['x-moz'];
  return purpose !== undefined && isPrefetchPurpose(String(purpose));
}
