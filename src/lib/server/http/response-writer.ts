import {STATUS_CODES, type IncomingMessage, type ServerResponse} from 'node:http';
import type {UniqueIDError} from '../../core/errors.js';
import {version} from '../../util/version.js';
import type {Lifecycle} from '../lifecycle.js';
import type {RequestFacts} from '../observability/request-facts.js';

/** Told of each answer when it is sent. */
export type AccessRecorder = (request: RequestFacts, status: number, bytes: number) => void;

/** Headers that this program decides alone; CherryPy's `tools.response_headers` cannot change them. */
export const ownHeaders: readonly string[] = [
  'allow',
  'cache-control',
  'connection',
  'content-length',
  'content-type',
  'date',
  'keep-alive',
  'retry-after',
  'transfer-encoding',
];

/** Sends complete JSON answers, each with `Cache-Control: no-store`. */
export class ResponseWriter {
  /** Names and values in turn. */
  readonly extraHeaders: readonly string[];
  readonly record: AccessRecorder;
  readonly #lifecycle: Lifecycle;

  /**
   * @param headers further headers for every answer
   * @param lifecycle answers close their connections when it shuts down
   * @param record is called with each answer, for the access log
   */
  constructor(
    headers: readonly (readonly [string, string])[],
    lifecycle: Lifecycle,
    record: AccessRecorder = () => undefined,
  ) {
    this.extraHeaders = headers.flat();
    this.#lifecycle = lifecycle;
    this.record = record;
  }

  send(
    request: IncomingMessage,
    response: ServerResponse,
    status: number,
    body: string,
    extra: readonly string[] = [],
    contentType?: string,
  ): void {
    const content = byteString(body);
    const bytes = content.length;
    if (this.#lifecycle.isShuttingDown || hasLargeBody(request) || mayLoseNext(request))
      response.shouldKeepAlive = false;
    const head = contentType === undefined ? jsonHead : ['Content-Type', contentType, ...noStore];
    response.writeHead(status, [...head, 'Content-Length', String(bytes), ...this.extraHeaders, ...extra]);
    response.end(content, 'latin1');
    this.record(request, status, request.method === 'HEAD' ? 0 : bytes);
  }
}

/**
 * Returns a body with one character per byte. Head and body then leave as one text of ISO-8859-1: `node:http` and sockets
 * write both in the encoding of the body, and UTF-8 would change the head's characters beyond ASCII.
 */
export function byteString(body: string): string {
  return Buffer.byteLength(body) === body.length ? body : Buffer.from(body).toString('latin1');
}

const noStore = ['Cache-Control', 'no-store'];

/** What every answer in JSON begins with: names and values in turn. */
export const jsonHead = ['Content-Type', 'application/json', ...noStore];

/** A body that nobody reads must not be received to its end for the sake of the connection. */
const LARGE_BODY_BYTES = 65_536;

function hasLargeBody({headers}: IncomingMessage): boolean {
  return (
    headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > LARGE_BODY_BYTES
  );
}

/** What comes in one packet with a request for another protocol, and behind it, `node:http` drops without a word. */
function mayLoseNext({headers}: IncomingMessage): boolean {
  return headers.upgrade !== undefined;
}

/** The error document of the Python service, with a message that says what is wrong and what would be right. */
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
