import {checkMode} from '../allocation/mode.js';
import type {IdRange} from '../allocation/range.js';
import {UniqueIDError} from '../errors.js';
import {BlockSource} from './block-source.js';
import {requestRange} from './request.js';

/** How a client reaches the service and how far ahead it reserves. */
export interface ClientOptions {
  /** URLs of the service's servers; the first is asked until it fails, then the next. */
  readonly servers: readonly string[];
  /** A bearer token, where the service asks for one. */
  readonly token?: string;
  /** How long one call may take, all tries and servers together, in milliseconds (default 10,000). */
  readonly timeoutMs?: number;
  /** The smallest block that `next` reserves (default 100), and the largest (default 10,000,000). */
  readonly minBlock?: number;
  readonly maxBlock?: number;
  /** The most calls of `next` that may wait in each mode while the service is away (default 10,000). */
  readonly maxWaiting?: number;
}

/** What one call may say. */
export interface CallOptions {
  /** Gives up when it is aborted; what the service gives to an abandoned call is a gap. */
  readonly signal?: AbortSignal;
}

/**
 * A client of a UniqueID service, for programs: ranges, and single integers from blocks reserved ahead.
 *
 * No two clients are ever given the same integer. What a client has reserved and not used when it ends is a gap.
 */
export class Client {
  readonly #options: Required<Omit<ClientOptions, 'token'>> & Pick<ClientOptions, 'token'>;
  readonly #sources = new Map<string, BlockSource>();
  readonly #stop = new AbortController();
  /** The servers, the one that answered last in front. */
  #servers: readonly string[];

  /** @throws UniqueIDError `USAGE` where no server is named or a number makes no sense */
  constructor(options: ClientOptions) {
    this.#options = {
      timeoutMs: 10_000,
      minBlock: 100,
      maxBlock: 10_000_000,
      maxWaiting: 10_000,
      ...options,
    };
    const {servers, minBlock, maxBlock} = this.#options;
    if (servers.length === 0)
      throw new UniqueIDError('USAGE', 'No server is named.', {hint: 'Give servers: [URL].'});
    if (!(minBlock >= 1 && minBlock <= maxBlock)) {
      throw new UniqueIDError('USAGE', 'minBlock must be at least 1 and at most maxBlock.');
    }
    this.#servers = servers;
  }

  /**
   * Takes `range` consecutive integers.
   *
   * @throws UniqueIDError `INVALID_MODE`; `REMOTE_FAILED` where no server gives them within `timeoutMs`; the reason
   *   of `signal` where it was aborted
   */
  async allocate(mode: string, range: bigint | number, {signal}: CallOptions = {}): Promise<IdRange> {
    checkMode(mode);
    const {timeoutMs, token} = this.#options;
    const {server, ...taken} = await requestRange(this.#servers, mode, BigInt(range), {
      timeoutMs,
      token,
      retries: Infinity,
      signal: signal === undefined ? this.#stop.signal : AbortSignal.any([signal, this.#stop.signal]),
    });
    if (server !== this.#servers[0]) this.#prefer(server);
    return taken;
  }

  /**
   * Takes one integer from the block that was reserved ahead: at once where there is one, so `await` it or look at
   * its type. Integers of one client go up; those of several do not go up together.
   *
   * @throws UniqueIDError (as a rejection) `REMOTE_FAILED` where none is left and no server gives more in time;
   *   `QUEUE_FULL` where more than `maxWaiting` calls wait
   */
  next(mode: string): bigint | Promise<bigint> {
    const source = this.#sources.get(mode);
    return source === undefined ? this.#source(mode).next() : source.next();
  }

  /** Refuses all calls that wait, and lets the process end. */
  close(): void {
    const error = new UniqueIDError('STOPPING', 'The client was closed.');
    this.#stop.abort(error);
    for (const source of this.#sources.values()) source.close(error);
  }

  #source(mode: string): BlockSource {
    checkMode(mode);
    const source = new BlockSource((count) => this.allocate(mode, count), this.#options);
    this.#sources.set(mode, source);
    return source;
  }

  #prefer(server: string): void {
    this.#servers = [server, ...this.#servers.filter((each) => each !== server)];
  }
}
