import type {Socket} from 'node:net';
import {formatRange, type IdRange} from '../../core/range.js';
import type {RequestCallbacks} from '../../allocation/pending-requests.js';
import type {UniqueIDError} from '../../core/errors.js';
import {GETID_PATH} from '../http/target.js';
import {requestIdHeader} from '../http/request-id.js';
import {byteString} from '../http/response-writer.js';
import type {FastPathResponse} from './response.js';
import {FastPathReader, type FastPathRequest} from './request.js';
import type {RouteDeps} from '../router.js';
import type {RequestFacts} from '../observability/request-facts.js';

/** Shared by all connections of the fast path. */
export interface FastPathDeps extends Pick<
  RouteDeps,
  'getid' | 'rejections' | 'hosts' | 'writer' | 'lifecycle'
> {
  readonly response: FastPathResponse;
  /** Milliseconds to wait for the first byte, and for the next request after an answer. */
  readonly headerTimeoutMs: number;
  readonly idleTimeoutMs: number;
}

/**
 * One connection while each packet on it is a common request that follows the previous answer.
 * The first packet that is anything else moves the whole connection to `node:http` permanently.
 */
export class FastPathConnection implements RequestCallbacks {
  readonly #deps: FastPathDeps;
  readonly #socket: Socket;
  readonly #release: (socket: Socket) => void;
  readonly #reader: FastPathReader;
  /** The request that is being answered. */
  #request: FastPathRequest | undefined;
  #startedAt: number | undefined;
  /** True if more bytes arrived before the answer was sent; the socket holds them. */
  #hasMore = false;
  #hasAnswered = false;
  #isHalfClosed = false;

  /** @param release passes the socket to `node:http`; unanswered bytes are in it again */
  constructor(deps: FastPathDeps, socket: Socket, release: (socket: Socket) => void) {
    this.#deps = deps;
    this.#reader = new FastPathReader((host) => deps.hosts.isAllowed(host));
    this.#socket = socket;
    this.#release = release;
    socket.setTimeout(deps.headerTimeoutMs);
    socket.on('data', this.#onData).on('end', this.#onEnd);
    socket.on('timeout', this.#onTimeout).on('error', this.#onError);
  }

  get isIdle(): boolean {
    return this.#request === undefined;
  }

  destroy(): void {
    this.#socket.destroy();
  }

  granted(range: IdRange): void {
    const body = formatRange(range);
    const {response} = this.#deps;
    const text =
      this.#request?.headers['x-request-id'] === undefined
        ? response.granted(body, this.#isLast)
        : response.format(200, body, this.#isLast, requestIdHeader(this.#facts()));
    this.#send(200, text, body.length);
  }

  rejected(error: UniqueIDError): void {
    const {rejections, response} = this.#deps;
    const {status, body, headers} = rejections.of(error, this.#facts());
    const content = byteString(body);
    const text = response.format(status, content, this.#isLast, headers);
    this.#send(status, text, content.length, headers);
  }

  readonly #onData = (bytes: Buffer): void => {
    if (this.#request !== undefined) {
      // Pipelined requests must be answered in order, so nothing more is read until this one is answered.
      // The bytes go back into the socket: an empty socket would emit `end` here and never to `node:http`.
      this.#hasMore = true;
      this.#socket.pause();
      this.#socket.unshift(bytes);
      return;
    }
    const request = this.#reader.read(bytes);
    if (request === undefined) {
      this.#socket.pause();
      this.#socket.unshift(bytes);
      this.#passToNodeHttp();
      return;
    }
    this.#request = request;
    if (this.#deps.writer.timesRequests) this.#startedAt = performance.now();
    this.#deps.getid.allocate(request.query, request.headers.authorization, this);
  };

  #send(status: number, text: string, bodyBytes: number, headers?: readonly string[]): void {
    const socket = this.#socket;
    const isLast = this.#isLast;
    this.#deps.writer.record(this.#facts(), status, bodyBytes, headers);
    this.#request = undefined;
    // If the client is gone, its range is a gap.
    if (!socket.writable) return;
    if (!socket.write(text, 'latin1')) this.#pauseUntilDrained();
    if (!this.#hasAnswered) {
      this.#hasAnswered = true;
      socket.setTimeout(this.#deps.idleTimeoutMs);
    }
    if (isLast) this.#end();
    else if (this.#hasMore) this.#passToNodeHttp();
    else if (this.#isHalfClosed) socket.end();
  }

  /** True if the connection ends with the answer to this request. */
  get #isLast(): boolean {
    return this.#deps.lifecycle.isShuttingDown || this.#request?.isLast === true;
  }

  /** Sends what is written, and reads nothing more: what follows a last request gets no answer. */
  #end(): void {
    this.#socket.off('data', this.#onData).off('end', this.#onEnd).resume();
    this.#socket.end();
  }

  /** Stops reading from a client that does not read its answers. */
  #pauseUntilDrained(): void {
    this.#socket.pause();
    // Bytes that arrived before then are for `node:http`, which resumes the socket itself.
    this.#socket.once('drain', () => this.#hasMore || this.#socket.resume());
  }

  /** Expects a paused socket that holds all bytes that were read and not answered. */
  #passToNodeHttp(): void {
    const socket = this.#socket;
    socket.off('data', this.#onData).off('end', this.#onEnd);
    socket.off('timeout', this.#onTimeout).off('error', this.#onError);
    socket.setTimeout(0);
    this.#release(socket);
    process.nextTick(() => socket.resume());
  }

  #facts(): RequestFacts {
    const {method, query, httpVersion = '1.1', headers = {}} = this.#request ?? {};
    const [socket, startedAt] = [this.#socket, this.#startedAt];
    return {method, url: `${GETID_PATH}?${query}`, httpVersion, headers, socket, startedAt};
  }

  readonly #onEnd = (): void => {
    this.#isHalfClosed = true;
    if (this.isIdle) this.#socket.end();
  };

  readonly #onTimeout = (): void => {
    if (this.isIdle) this.#socket.destroy();
  };

  /** Nothing to do: the socket closes by itself after an error. */
  readonly #onError = (): void => undefined;
}
