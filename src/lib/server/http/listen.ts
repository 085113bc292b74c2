import {createServer, type RequestListener, type Server, type ServerResponse} from 'node:http';
import {Server as NetServer, type AddressInfo, type Socket} from 'node:net';
import {once} from 'node:events';
import {createServer as createTlsServer, type Server as TlsServer} from 'node:https';
import type {Settings} from '../../config/settings.js';
import {UniqueIDError} from '../../core/errors.js';
import {isTlsFailure} from '../../util/tls-failure.js';
import {maxOpenConnections, descriptorLimit} from './descriptors.js';
import {readTlsFiles} from './tls-files.js';
import {toRejection} from './rejections.js';
import {endLater, headerLines, jsonHead, statusLine} from './response-writer.js';
import {whenAnswered} from './pipeline-limit.js';

/**
 * Time for which a draining server keeps idle connections open, to answer requests that are already on their
 * way. Short enough for an operator who restarts the server. Long enough for the next request of a busy
 * client, and for a lost packet to be sent again.
 */
const LINGER_MS = 1000;

/** Time for the rest of a request in addition to that for its head. */
const BODY_GRACE_MS = 10_000;

/** Connections that the system may queue before we accept them. */
const BACKLOG = 1024;

/** A server of `node:http` or `node:https`. */
export type AnyServer = Server | TlsServer;

/** Connections of a server that `node:http` does not manage. */
export interface ConnectionGroup {
  /** Ends the connections on which no request is being answered. */
  closeIdle(): void;
  closeAll(): void;
}

/** The settings that `listen` uses. */
export type ListenSettings = Pick<
  Settings,
  'address' | 'port' | 'maxConnections' | 'headerTimeoutMs' | 'idleTimeoutMs' | 'tlsCert' | 'tlsKey'
>;

/**
 * Starts to listen.
 *
 * @param descriptor a socket that already listens, used instead of address and port
 * @throws UniqueIDError `ADDRESS_UNAVAILABLE`; `CONFIG_INVALID` if certificate or key cannot be used
 */
export async function listen(
  listener: RequestListener,
  settings: ListenSettings,
  descriptor?: number,
): Promise<AnyServer> {
  const {address, port, maxConnections, headerTimeoutMs, idleTimeoutMs} = settings;
  const limits = {
    keepAliveTimeout: idleTimeoutMs,
    headersTimeout: headerTimeoutMs,
    // No route reads a body, so this bounds the time to receive and discard it.
    requestTimeout: headerTimeoutMs + BODY_GRACE_MS,
    connectionsCheckingInterval: Math.min(1000, headerTimeoutMs),
    // Node's own answer to a request without Host has no body; the router's has one.
    requireHostHeader: false,
  };
  const tls = readTlsFiles(settings);
  const withRequest = new WeakSet<Socket>();
  const answer: RequestListener = (request, response) => {
    withRequest.add(request.socket);
    cutIfUnread(response, idleTimeoutMs);
    listener(request, response);
  };
  const server =
    tls === undefined
      ? createServer(limits, answer)
      : createTlsServer({...limits, ...tls, handshakeTimeout: headerTimeoutMs}, answer);
  // A client may close its half after its request; by default Node would drop the answer and its range.
  Object.assign(server, {httpAllowHalfOpen: true});
  server.maxConnections = maxOpenConnections(maxConnections, descriptorLimit());
  // No other expectation has a meaning here; a server may ignore unknown ones (RFC 9110, 10.1.1).
  server.on('checkExpectation', answer);
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    rejectMalformed(error, socket, withRequest.has(socket));
  });
  server.listen(
    descriptor === undefined ? {host: address, port, backlog: BACKLOG} : {fd: descriptor, backlog: BACKLOG},
  );
  try {
    await once(server, 'listening');
  } catch (error) {
    throw listenError(error as NodeJS.ErrnoException, address, port);
  }
  return server;
}

/** Returns the address a server really listens on: an inherited socket may be bound to another one. */
export function boundAddress(server: AnyServer): string {
  return (server.address() as AddressInfo).address;
}

/** Returns the address a server really listens on, as the beginning of a URL. */
export function baseUrl(server: AnyServer): string {
  const {address, family, port} = server.address() as AddressInfo;
  const scheme = 'setSecureContext' in server ? 'https' : 'http';
  return `${scheme}://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

/**
 * Accepts no further connection, and waits until every request on the open connections is answered.
 *
 * @param groups connections of the server that `node:http` does not manage
 * @param timeoutMs how long to wait, in milliseconds, before the remaining connections are cut
 * @returns true if all requests were answered in time
 */
export async function drain(
  server: AnyServer,
  groups: readonly ConnectionGroup[],
  timeoutMs: number,
): Promise<boolean> {
  const closed = once(server, 'close');
  // http.Server.close() would cut idle connections immediately, perhaps with unread requests on them.
  NetServer.prototype.close.call(server);
  // A connection without a request must not delay the shutdown by a whole header timeout.
  server.headersTimeout = Math.min(server.headersTimeout, LINGER_MS);
  const started = performance.now();
  let inTime = true;
  const watch = setInterval(() => {
    const waited = performance.now() - started;
    if (waited >= LINGER_MS) {
      server.closeIdleConnections();
      for (const group of groups) group.closeIdle();
    }
    if (waited >= Math.max(timeoutMs, LINGER_MS)) {
      inTime = false;
      server.closeAllConnections();
      for (const group of groups) group.closeAll();
    }
  }, 50);
  await closed;
  clearInterval(watch);
  return inTime;
}

/** Cuts the connection if its client reads no byte of an answer for `limitMs`. */
function cutIfUnread(response: ServerResponse, limitMs: number): void {
  response.setTimeout(limitMs, () => {
    if (response.writableEnded) response.destroy();
  });
}

/**
 * Answers bytes that are not an HTTP request, in the same form as every other error.
 *
 * @param hadRequest true if a request arrived on this connection before
 */
function rejectMalformed(error: NodeJS.ErrnoException, socket: Socket, hadRequest: boolean): void {
  // No reply if the client is gone or never completed its TLS handshake. A client that waits for another
  // answer would mistake this one for it.
  const isUnreachable = error.code === 'ECONNRESET' || isTlsFailure(error.code ?? '') || !socket.writable;
  if (isUnreachable) {
    socket.destroy();
    return;
  }
  if (hadRequest || socket.bytesWritten > 0) {
    socket.pause();
    whenAnswered(socket, () => {
      socket.destroySoon();
    });
    return;
  }
  const rejection =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? new UniqueIDError('HEADERS_TOO_LARGE', 'The request headers are too large.', {
          hint: 'Send fewer or shorter headers.',
        })
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? new UniqueIDError('REQUEST_TIMEOUT', 'The request did not arrive in time.', {
            hint: 'Send it again.',
          })
        : new UniqueIDError('INVALID_REQUEST', 'This is not a well-formed HTTP request.', {
            hint: 'Use /getid?range=10&mode=file, percent-encoded.',
          });
  const {status, body, headers} = toRejection(rejection);
  const fields = [...jsonHead, ...headers, 'Content-Length', String(Buffer.byteLength(body))];
  const head = `${statusLine(status)}${headerLines(fields)}`;
  endLater(socket, `${head}Connection: close\r\n\r\n${body}`);
}

function listenError({code, message}: NodeJS.ErrnoException, address: string, port: number): UniqueIDError {
  const endpoint = `${address}:${port}`;
  switch (code) {
    case 'EADDRINUSE':
      return new UniqueIDError(
        'ADDRESS_UNAVAILABLE',
        `Cannot listen on ${endpoint}: another program uses this port.`,
        {
          hint: `Run "lsof -i :${port}" to find it, or pass another --port (0 picks a free one).`,
        },
      );
    case 'EACCES':
      return new UniqueIDError('ADDRESS_UNAVAILABLE', `Cannot listen on ${endpoint}: permission denied.`, {
        hint: 'Pass a port above 1023 with --port.',
      });
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new UniqueIDError(
        'ADDRESS_UNAVAILABLE',
        `Cannot listen on ${address}: this machine has no such address.`,
        {
          hint: 'Use 127.0.0.1 for this machine only, or 0.0.0.0 or :: for all its addresses.',
        },
      );
    case undefined:
    default:
      return new UniqueIDError('ADDRESS_UNAVAILABLE', `Cannot listen on ${endpoint}: ${message}.`);
  }
}
