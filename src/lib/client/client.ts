import {setMaxListeners} from 'node:events';
import {parseMode} from '../core/mode.js';
import {MAX_COUNTER, type IdRange} from '../core/range.js';
import {UniqueIDError} from '../core/errors.js';
import {serviceUrl, type Answer} from './send-request.js';
import {unexpectedAnswer} from './unexpected-answer.js';
import {BlockSource} from './block-source.js';
import {ReceivedRanges} from './received-ranges.js';
import {completeOptions, type ClientOptions, type CompleteOptions} from './options.js';
import {tryRequestRange} from './request.js';

/** Options of one call. */
export interface CallOptions {
  /** Ends the call when it is aborted; integers that the service then still issues are a gap. */
  readonly signal?: AbortSignal;
}

/**
 * A client of a UniqueID service, for programs: returns ranges, and single integers from blocks reserved
 * ahead.
 *
 * No two clients ever get the same integer. Integers that a client has reserved and not used when it ends are
 * a gap.
 */
export class Client {
  readonly #options: CompleteOptions;
  readonly #sources = new Map<string, BlockSource>();
  readonly #received = new ReceivedRanges();
  readonly #stop = new AbortController();
  /** The servers; the one that answered last is first. */
  #servers: readonly string[];

  /** @throws UniqueIDError `USAGE` if no server is named, a URL is invalid or a number is out of bounds */
  constructor(options: ClientOptions) {
    this.#options = completeOptions(options);
    this.#servers = this.#options.servers;
    // Every waiting call adds a listener; Node would warn of a leak.
    setMaxListeners(0, this.#stop.signal);
  }

  /**
   * Takes `count` consecutive integers.
   *
   * @param count 0 takes none and returns the empty range
   * @throws UniqueIDError `INVALID_MODE`
   * @throws UniqueIDError `INVALID_RANGE` if `count` is not a whole number from 0 to 2^63-1
   * @throws UniqueIDError `REMOTE_FAILED` if no server answers with a range within `timeoutMs`
   * @throws the reason of `signal` if it was aborted
   */
  async allocate(mode: string, count: bigint | number, {signal}: CallOptions = {}): Promise<IdRange> {
    const answer = await this.#request(parseMode(mode), assertCount(count), signal);
    if ('start' in answer) return answer;
    throw unexpectedAnswer(answer);
  }

  /**
   * Takes one integer from the block that was reserved ahead. Returns a promise only if none is left, so
   * `await` the result or check its type. Integers of one client increase; those of several clients
   * interleave.
   *
   * @throws UniqueIDError (as a rejection) `REMOTE_FAILED` if none is left and no server issues more in time;
   *   `QUEUE_FULL` if more than `maxWaiting` calls wait
   */
  next(mode: string): bigint | Promise<bigint> {
    const source = this.#sources.get(mode);
    return source === undefined ? this.#source(mode).next() : source.next();
  }

  /** Rejects all waiting calls, and lets the process end. */
  close(): void {
    const error = new UniqueIDError('CLIENT_CLOSED', 'The client was closed.', {
      hint: 'Create a new client.',
    });
    this.#stop.abort(error);
    for (const source of this.#sources.values()) source.close(error);
  }

  #source(mode: string): BlockSource {
    parseMode(mode);
    const source = new BlockSource((count) => this.#reserve(mode, count), this.#options);
    this.#sources.set(mode, source);
    return source;
  }

  /** @returns `undefined` if the service grants only fewer integers */
  async #reserve(mode: string, count: bigint): Promise<IdRange | undefined> {
    const answer = await this.#request(mode, count);
    if ('start' in answer) return answer;
    // The count exceeds max_range, or what the counter has left.
    if (count > 1n && (answer.status === 400 || answer.status === 409)) return undefined;
    throw unexpectedAnswer(answer);
  }

  async #request(mode: string, range: bigint, signal?: AbortSignal): Promise<IdRange | Answer> {
    const {timeoutMs, token} = this.#options;
    const call = this.#received.begin(mode);
    try {
      const answer = await tryRequestRange(this.#servers, mode, range, {
        timeoutMs,
        token,
        retries: Infinity,
        signal: signal === undefined ? this.#stop.signal : AbortSignal.any([signal, this.#stop.signal]),
      });
      if (!('start' in answer)) return answer;
      const {server, ...taken} = answer;
      if (range > 0n && !call.accept(taken)) throw issuedTwice(server, mode, taken);
      this.#prefer(server);
      return taken;
    } finally {
      call.end();
    }
  }

  #prefer(server: string): void {
    if (server === this.#servers[0]) return;
    this.#servers = [server, ...this.#servers.filter((each) => each !== server)];
  }
}

/** Reports a service whose counter moved back: it issues integers that it or another server issued before. */
function issuedTwice(server: string, mode: string, {start, end}: IdRange): UniqueIDError {
  return new UniqueIDError(
    'REMOTE_FAILED',
    `The service at ${serviceUrl(server, '').origin} issued ${start} to ${end} of mode ` +
      `${JSON.stringify(mode)}, which is not above the integers it issued to this client before.`,
    {
      hint:
        "Ask the service's operator whether its database was replaced or a counter was reset. " +
        'If that was intended, create a new client.',
    },
  );
}

function assertCount(range: bigint | number): bigint {
  if (typeof range === 'bigint' || Number.isSafeInteger(range)) {
    const count = BigInt(range);
    if (count >= 0n && count <= MAX_COUNTER) return count;
  }
  throw new UniqueIDError(
    'INVALID_RANGE',
    `range must be a whole number from 0 to 2^63-1, not ${String(range)}.`,
    {
      hint: 'Pass values above 2^53 as a bigint.',
    },
  );
}
