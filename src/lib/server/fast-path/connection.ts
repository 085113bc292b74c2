import type {Socket} from 'node:net';
import {formatRange, type IdRange} from '../../core/range.js';
import type {Receiver} from '../../allocation/pending-requests.js';
import type {UniqueIDError} from '../../core/errors.js';
import {byteString, type AccessRecorder} from '../http/response-writer.js';
import type {Getid} from '../routes/getid.js';
import type {PlainAnswer} from './response.js';
import type {HostCheck} from '../http/host-check.js';
import {PlainRequestReader, type PlainRequest} from './request.js';
import type {Refusals} from '../http/rejections.js';
import type {RequestFacts} from '../observability/request-facts.js';

/** What all plain connections of a server share. */
export interface PlainService {
  readonly getid: Getid;
  readonly refusals: Refusals;
  readonly hosts: HostCheck;
  readonly answer: PlainAnswer;
  /** Told of each answer, for the access log. */
  readonly record: AccessRecorder | undefined;
  /** Set when the server stops: each connection then ends with its next answer. */
  readonly isClosing: () => boolean;
  /** How long the first byte may take to come, and the next request after an answer, in milliseconds. */
  readonly headerTimeoutMs: number;
  readonly idleTimeoutMs: number;
}

/**
 * One connection, for as long as each packet on it is a plain request that comes after the answer to the one before.
 * With the first that is anything else the whole connection goes to `node:http`, which does all the rest of HTTP;
 * it never comes back.
 */
export class PlainConnection implements Receiver {
  readonly #service: PlainService;
  readonly #socket: Socket;
  readonly #leave: (socket: Socket) => void;
  readonly #reader: PlainRequestReader;
  /** The request that is being answered. */
  #request: PlainRequest | undefined;
  /** Whether more came before the answer was sent; the socket holds it. */
  #hasMore = false;
  #hasAnswered = false;
  #isHalfClosed = false;

  /** @param leave lets `node:http` have the socket; what was read and not answered is in it again */
  constructor(service: PlainService, socket: Socket, leave: (socket: Socket) => void) {
    this.#service = service;
    this.#reader = new PlainRequestReader((host) => service.hosts.isAllowed(host));
    this.#socket = socket;
    this.#leave = leave;
    socket.setTimeout(service.headerTimeoutMs);
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
    const {answer, isClosing} = this.#service;
    const text = isClosing() ? answer.whole(200, body, true) : answer.granted(body);
    this.#send(200, text, body.length);
  }

  refused(error: UniqueIDError): void {
    const {refusals, answer, isClosing} = this.#service;
    const {status, body, headers} = refusals.of(error, this.#facts());
    const content = byteString(body);
    this.#send(status, answer.whole(status, content, isClosing(), headers), content.length);
  }

  readonly #onData = (bytes: Buffer): void => {
    if (this.#request !== undefined) {
      // More than one request at a time has an order to keep. Nothing further is read until this one is answered.
      // The bytes go back into the socket: with nothing in it, it would tell its end here and never to `node:http`.
      this.#hasMore = true;
      this.#socket.pause();
      this.#socket.unshift(bytes);
      return;
    }
    const request = this.#reader.read(bytes);
    if (request === undefined) {
      this.#socket.pause();
      this.#socket.unshift(bytes);
      this.#handOver();
      return;
    }
    this.#request = request;
    this.#service.getid.allocate(request.query, request.headers.authorization, this);
  };

  #send(status: number, text: string, bodyBytes: number): void {
    const socket = this.#socket;
    this.#service.record?.(this.#facts(), status, bodyBytes);
    this.#request = undefined;
    // The client may be gone: its range is a gap.
    if (!socket.writable) return;
    if (!socket.write(text, 'latin1')) this.#waitForReader();
    if (!this.#hasAnswered) {
      this.#hasAnswered = true;
      socket.setTimeout(this.#service.idleTimeoutMs);
    }
    if (this.#service.isClosing()) socket.end();
    else if (this.#hasMore) this.#handOver();
    else if (this.#isHalfClosed) socket.end();
  }

  /** A client that asks and does not read its answers is not read from either. */
  #waitForReader(): void {
    this.#socket.pause();
    // What came meanwhile is for `node:http`, which resumes the socket itself.
    this.#socket.once('drain', () => this.#hasMore || this.#socket.resume());
  }

  /** The socket is paused, and holds what was read and not answered. */
  #handOver(): void {
    const socket = this.#socket;
    socket.off('data', this.#onData).off('end', this.#onEnd);
    socket.off('timeout', this.#onTimeout).off('error', this.#onError);
    socket.setTimeout(0);
    this.#leave(socket);
    process.nextTick(() => socket.resume());
  }

  #facts(): RequestFacts {
    const {method, query, headers = {}} = this.#request ?? {};
    return {method, url: `/getid?${query}`, httpVersion: '1.1', headers, socket: this.#socket};
  }

  readonly #onEnd = (): void => {
    this.#isHalfClosed = true;
    if (this.isIdle) this.#socket.end();
  };

  readonly #onTimeout = (): void => {
    if (this.isIdle) this.#socket.destroy();
  };

  /** The socket closes by itself after an error. */
  readonly #onError = (): void => undefined;
}
