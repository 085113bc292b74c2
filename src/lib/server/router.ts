import type {IncomingMessage, RequestListener, ServerResponse} from 'node:http';
import {formatRange} from '../core/range.js';
import {toUniqueIDError, UniqueIDError} from '../core/errors.js';
import type {Store} from '../store/store.js';
import {formatError, type ResponseWriter} from './http/response-writer.js';
import {assertFetchMetadata, GETID_METHODS, type Getid} from './routes/getid.js';
import {asUnavailable, withoutDetails, type Health} from './routes/health.js';
import type {HostCheck} from './http/host-check.js';
import type {Metrics} from './observability/metrics.js';
import {openapiText} from './routes/openapi.js';
import {limitPipelining} from './http/pipeline-limit.js';
import type {Rejections} from './http/rejections.js';
import {requestIdHeader} from './http/request-id.js';
import type {ServiceStatus} from './routes/status.js';
import {prefersHtml} from './http/accept.js';
import type {DashboardPage} from './dashboard/page.js';
import type {Lifecycle} from './lifecycle.js';
import {GETID_PATH, splitTarget} from './http/target.js';
import type {Tokens} from './http/tokens.js';

/** Dependencies of the routes. */
export interface RouteDeps {
  readonly store: Store;
  readonly status: ServiceStatus;
  readonly health: Health;
  readonly metrics: Metrics;
  /** `undefined` if the setting `dashboard` turns it off. */
  readonly dashboard: DashboardPage | undefined;
  /** Authorizes requests; without it every client is authorized. */
  readonly tokens: Tokens | undefined;
  readonly getid: Getid;
  readonly rejections: Rejections;
  readonly hosts: HostCheck;
  readonly writer: ResponseWriter;
  readonly lifecycle: Lifecycle;
}

/** A request that is being answered. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: string;
}

/** One path of the API; `isGuarded` makes the dispatcher check the token. */
interface Route {
  readonly methods: readonly string[];
  readonly isGuarded: boolean;
  readonly handle: (deps: RouteDeps, exchange: Exchange) => void;
}

const upAndRunning = '{"message": "Pacifica UniqueID Up and Running"}';
const READ_METHODS = ['GET', 'HEAD'];
const HTML_TYPE = 'text/html; charset=utf-8';

/** The route getid checks the token itself, because the permission depends on the query. */
const routes: Readonly<Record<string, Route>> = {
  [GETID_PATH]: {methods: GETID_METHODS, isGuarded: false, handle: getid},
  '/status': {
    methods: READ_METHODS,
    isGuarded: true,
    handle: (deps, exchange) => {
      answerLater(deps, exchange, deps.status.answer(exchange.query));
    },
  },
  '/health': {
    methods: READ_METHODS,
    isGuarded: false,
    handle: (deps, exchange) => {
      answerHealth(deps, exchange).catch((error: unknown) => {
        fail(deps, exchange.request, exchange.response, error);
      });
    },
  },
  '/metrics': {
    methods: READ_METHODS,
    isGuarded: true,
    handle: (deps, exchange) => {
      answerLater(deps, exchange, deps.metrics.text(), deps.metrics.contentType);
    },
  },
  '/openapi.json': {
    methods: READ_METHODS,
    isGuarded: false,
    handle: (deps, exchange) => {
      deps.writer.send(exchange.request, exchange.response, 200, openapiText);
    },
  },
  '/': {
    methods: READ_METHODS,
    isGuarded: false,
    handle: answerRoot,
  },
};

/** The routes that are missing if the setting `dashboard` is off. */
function dashboardRoutes(dashboard: DashboardPage): Readonly<Record<string, Route>> {
  return {
    '/dashboard': {
      methods: READ_METHODS,
      isGuarded: false,
      handle: (deps, exchange) => {
        const headers = [...requestIdHeader(exchange.request), ...dashboard.headers];
        answerLater(deps, exchange, dashboard.html(exchange.query), HTML_TYPE, headers);
      },
    },
    '/dashboard.json': {
      methods: READ_METHODS,
      isGuarded: true,
      handle: (deps, exchange) => {
        assertFetchMetadata(exchange.request.headers, deps.hosts);
        answerLater(deps, exchange, dashboard.json(exchange.query));
      },
    },
  };
}

/** Returns the REST API as a listener for `node:http`. */
export function createRouter(deps: RouteDeps): RequestListener {
  const {dashboard} = deps;
  const served = dashboard === undefined ? routes : {...routes, ...dashboardRoutes(dashboard)};
  return limitPipelining((request, response) => {
    if (deps.writer.timesRequests) Object.assign(request, {startedAt: performance.now()});
    try {
      dispatch(deps, served, request, response);
    } catch (error) {
      fail(deps, request, response, error);
    }
  });
}

function dispatch(
  deps: RouteDeps,
  served: Readonly<Record<string, Route>>,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (request.headers.host === undefined && request.httpVersion === '1.1') {
    throw new UniqueIDError('INVALID_REQUEST', 'The request has no Host header.', {
      hint: 'Send one, as HTTP/1.1 requires (RFC 9112, 3.2).',
    });
  }
  deps.hosts.assertAllowed(request.headers.host);
  const {path, query} = splitTarget(request.url ?? '/');
  const route = Object.hasOwn(served, path) ? served[path] : undefined;
  if (route === undefined) {
    throw new UniqueIDError('NOT_FOUND', `No such path: ${JSON.stringify(path.slice(0, 100))}.`, {
      hint: 'Use /getid?range=10&mode=file; /openapi.json lists all paths.',
    });
  }
  if (!route.methods.includes(request.method ?? '')) {
    const allow = route.methods.join(', ');
    const error = new UniqueIDError('METHOD_NOT_ALLOWED', `${request.method} is not allowed at ${path}.`, {
      hint: `Use ${allow}.`,
    });
    fail(deps, request, response, error, ['Allow', allow]);
    return;
  }
  if (route.isGuarded) deps.tokens?.authenticate(request.headers.authorization);
  route.handle(deps, {request, response, query});
}

/** Sends browsers to the dashboard; every other client gets the answer of the Python service. */
function answerRoot({dashboard, writer}: RouteDeps, {request, response}: Exchange): void {
  const isBrowser = dashboard !== undefined && prefersHtml(request.headers.accept);
  // A relative target works behind a proxy that serves this service below a path.
  const location = isBrowser ? ['Location', 'dashboard'] : [];
  const headers = [...location, ...requestIdHeader(request)];
  writer.send(request, response, isBrowser ? 302 : 200, upAndRunning, headers);
}

function getid(deps: RouteDeps, {request, response, query}: Exchange): void {
  assertFetchMetadata(request.headers, deps.hosts);
  deps.getid.allocate(query, request.headers.authorization, {
    granted: (range) => {
      deps.writer.send(request, response, 200, formatRange(range));
    },
    rejected: (error) => {
      fail(deps, request, response, error);
    },
  });
}

/**
 * Answers every client. The location of the database and the reason of a problem are only for clients with a
 * token; the log has the reason too.
 */
async function answerHealth(deps: RouteDeps, {request, response}: Exchange): Promise<void> {
  const {health, store, tokens, writer, rejections} = deps;
  const isTrusted = tokens?.isKnown(request.headers.authorization) === true;
  const problem = await health.problem();
  if (problem === undefined) {
    const details = isTrusted ? `, "database": ${JSON.stringify(store.location)}` : '';
    writer.send(request, response, 200, `{"status": "${health.isDegraded ? 'degraded' : 'ok'}"${details}}`);
    return;
  }
  const failure = asUnavailable(problem);
  const {status, body, headers} = rejections.of(failure, request);
  writer.send(request, response, status, isTrusted ? body : formatError(withoutDetails(failure)), headers);
}

function answerLater(
  deps: RouteDeps,
  {request, response}: Exchange,
  body: Promise<string>,
  contentType?: string,
  headers?: readonly string[],
): void {
  body.then(
    (text) => {
      deps.writer.send(request, response, 200, text, headers, contentType);
    },
    (error: unknown) => {
      fail(deps, request, response, error);
    },
  );
}

function fail(
  {rejections, writer}: RouteDeps,
  request: IncomingMessage,
  response: ServerResponse,
  thrown: unknown,
  extra?: readonly string[],
): void {
  const {status, body, headers} = rejections.of(toUniqueIDError(thrown), request, extra);
  writer.send(request, response, status, body, headers);
}
