import {STATUS_CODES, type IncomingMessage, type ServerResponse} from 'node:http';
import type {Socket} from 'node:net';
import type {UniqueIDError} from '../../core/errors.js';
import {version} from '../../util/version.js';
import type {Lifecycle} from '../lifecycle.js';
import type {RequestFacts} from '../observability/request-facts.js';
import {requestIdHeader} from './request-id.js';

/**
 * Called with each answer when it is sent.
 *
 * @param headers those of this answer alone, as alternating names and values
 */
export type AccessRecorder = (
  request: RequestFacts,
  status: number,
  bytes: number,
  headers?: readonly string[],
) => void;

/** Headers that only this program sets; CherryPy's `tools.response_headers` cannot change them. */
export const reservedHeaders: readonly string[] = [
  'allow',
  'cache-control',
  'connection',
  'content-length',
  'content-type',
  'date',
  'keep-alive',
  'retry-after',
  'transfer-encoding',
  'x-error-code',
  'x-request-id',
];

/** Sends complete JSON answers, each with `Cache-Control: no-store`. */
export class ResponseWriter {
  /** Alternating names and values. */
  readonly extraHeaders: readonly string[];
  readonly record: AccessRecorder;
  /** True if `record` needs `startedAt` of each request. */
  readonly timesRequests: boolean;
  readonly #lifecycle: Lifecycle;

  /**
   * @param headers further headers for every answer
   * @param lifecycle during shutdown, answers close their connections
   * @param record called with each answer, for the access log
   */
  constructor(
    headers: readonly (readonly [string, string])[],
    lifecycle: Lifecycle,
    record: AccessRecorder = () => undefined,
    timesRequests = false,
  ) {
    this.extraHeaders = headers.flat();
    this.#lifecycle = lifecycle;
    this.record = record;
    this.timesRequests = timesRequests;
  }

  /** @param extra alternating names and values; the default suits every success */
  send(
    request: IncomingMessage,
    response: ServerResponse,
    status: number,
    body: string,
    extra: readonly string[] = requestIdHeader(request),
    contentType?: string,
  ): void {
    const content = byteString(body);
    const bytes = content.length;
    const isReceiving = hasLargeBody(request);
    // `node:http` closes the connection by this method.
    if (isReceiving && !request.complete)
      request.socket.destroySoon = () => {
        endLater(request.socket);
      };
    if (this.#lifecycle.isShuttingDown || isReceiving || mayLoseNext(request))
      response.shouldKeepAlive = false;
    const head = contentType === undefined ? jsonHead : ['Content-Type', contentType, ...noStore];
    response.writeHead(status, [...head, 'Content-Length', String(bytes), ...this.extraHeaders, ...extra]);
    response.end(content, 'latin1');
    this.record(request, status, request.method === 'HEAD' ? 0 : bytes, extra);
  }
}

/**
 * Returns a body with one character per byte, so that head and body leave as one text of ISO-8859-1.
 * `node:http` and sockets write both in the encoding of the body; UTF-8 would change the head's characters
 * beyond ASCII.
 */
export function byteString(body: string): string {
  return Buffer.byteLength(body) === body.length ? body : Buffer.from(body).toString('latin1');
}

const noStore = ['Cache-Control', 'no-store'];

/** The first headers of every JSON answer: alternating names and values. */
export const jsonHead = ['Content-Type', 'application/json', ...noStore];

/** Returns the first line of a response. */
export function statusLine(status: number): string {
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n`;
}

/** Formats alternating names and values as the lines of a head. */
export function headerLines(flat: readonly string[]): string {
  let text = '';
  for (let index = 0; index + 1 < flat.length; index += 2) text += `${flat[index]}: ${flat[index + 1]}\r\n`;
  return text;
}

/** Above this size the connection is closed, rather than kept by receiving a body that no route reads. */
const LARGE_BODY_BYTES = 65_536;

function hasLargeBody({headers}: IncomingMessage): boolean {
  return (
    headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > LARGE_BODY_BYTES
  );
}

/** Time for a client to read its answer while it still sends, in milliseconds. */
const LINGER_MS = 1000;

/**
 * Ends a connection, but receives and discards what the client still sends for a while. Closed with unread
 * bytes, a connection is reset, which costs the client an answer that it has not read.
 *
 * @param text the last bytes to send
 */
export function endLater(socket: Socket, text = ''): void {
  socket.end(text);
  // A client that never closes its half would hold the connection forever.
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}

/** `node:http` drops without notice whatever follows an upgrade request, in its packet or later. */
function mayLoseNext({headers}: IncomingMessage): boolean {
  return headers.upgrade !== undefined;
}

/** Returns the error document of the Python service, with the hint appended to the message. */
export function formatError(error: UniqueIDError): string {
  const {httpStatus: status, message, hint} = error;
  const members = {
    status: `${status} ${STATUS_CODES[status]}`,
    message: hint === undefined ? message : `${message} ${hint}`,
    traceback: '',
    version,
  };
  return `{${Object.entries(members)
    .map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`)
    .join(', ')}}`;
}
