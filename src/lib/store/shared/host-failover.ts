import {setTimeout as sleep} from 'node:timers/promises';
import {formatHost, redactDatabaseUrl, type DatabaseUrl} from '../../config/database-url.js';
import {UniqueIDError} from '../../core/errors.js';
import {withTimeLimit} from '../../util/time-limit.js';
import {findHost, type FoundHost, type HostPool} from './host-search.js';
import {noUsableHost, unreachable, type Destination} from './network-errors.js';
import {PATIENT_MS, PROBE_TIMEOUT_MS} from './network-store.js';

/** The longest silence of a host, in milliseconds, before other hosts may take over. */
const MAX_SILENCE_MS = 1000;

/** Shorter limits allow a host this share of the limit. */
const SILENCE_SHARE = 1 / 3;

/** The parts of failover in which databases differ. */
export interface HostActions<P extends HostPool> {
  /** Opens a pool for a URL with one host. */
  readonly open: (host: DatabaseUrl, destination: Destination) => P;
  /** Throws if the host must not be used. Changes nothing there. `undefined`: every host may be used. */
  readonly assertFit: ((pool: P) => Promise<void>) | undefined;
  /** Proves that the host commits now, by a commit that changes no counter. */
  readonly prove: (pool: P) => Promise<void>;
  /** Converts an error of the driver or of the server. */
  readonly translate: (error: unknown, destination: Destination) => Error;
}

export interface AskOptions {
  /**
   * The time limit of work that need not wait for a silent host if the URL names others. Without it the work
   * is patient; with `Infinity` too, since it then bounds each of its own steps.
   */
  readonly limitMs?: number;
  /** If the pool is replaced, gives its other statements time to end. */
  readonly sparesOthers?: boolean;
}

/** Keeps a pool of connections to one host of the URL, and moves to another host when that one fails. */
export class HostFailover<P extends HostPool> {
  readonly #hosts: readonly DatabaseUrl[];
  readonly #location: string;
  readonly #connectTimeoutMs: number;
  readonly #actions: HostActions<P>;
  readonly #closing = new AbortController();
  #current: FoundHost<P> | undefined;
  #search: Promise<FoundHost<P>> | undefined;
  /** The order of the next search: the host used last comes first, unless it can be used and is useless. */
  #order: readonly DatabaseUrl[];
  #closed: Promise<void> | undefined;

  constructor(url: DatabaseUrl, actions: HostActions<P>) {
    this.#hosts = url.hosts.map((host) => ({...url, hosts: [host]}));
    this.#order = this.#hosts;
    this.#location = redactDatabaseUrl(url);
    this.#connectTimeoutMs = url.options.connectTimeoutMs;
    this.#actions = actions;
  }

  close(): Promise<void> {
    this.#closing.abort(unreachable(this.#location, 'the connection was closed', undefined));
    this.#closed ??= this.#current?.pool.close() ?? Promise.resolve();
    return this.#closed;
  }

  /**
   * Runs `work` on the current host. After a failure without effect, retries on another host.
   *
   * If the host is silent and another one has committed a proof, that one is used. Work that is not patient
   * then fails with a transient error.
   */
  async ask<T>(work: (pool: P) => Promise<T>, options: AskOptions = {}): Promise<T> {
    const {limitMs = PATIENT_MS} = options;
    const deadline = performance.now() + limitMs;
    for (let untried = this.#hosts.length - 1; ; untried--) {
      try {
        return await this.#askHost(work, options, deadline - performance.now());
      } catch (error) {
        if (untried <= 0 || performance.now() >= deadline || !hadNoEffect(error)) throw error;
      }
    }
  }

  async #askHost<T>(work: (pool: P) => Promise<T>, options: AskOptions, leftMs: number): Promise<T> {
    const {limitMs = PATIENT_MS, sparesOthers = false} = options;
    let used: P | undefined;
    const attempt: {isOver: boolean; overtaking?: AbortController} = {isOver: false};
    const working = (async () => {
      const {pool} = this.#current ?? (await this.#find());
      if (attempt.isOver) throw noAnswer(this.#location);
      used = pool;
      const isPatient = (options.limitMs ?? Infinity) === Infinity;
      if (this.#hosts.length === 1 || isPatient) return work(pool);
      // Not for every statement: an aborted signal costs ten microseconds.
      attempt.overtaking = new AbortController();
      return Promise.race([work(pool), this.#overtake(pool, limitMs, attempt.overtaking.signal)]);
    })();
    try {
      return await withTimeLimit(working, leftMs, () =>
        noAnswer(used?.destination.location ?? this.#location),
      );
    } catch (error) {
      if (used === undefined) throw error;
      const failure = this.#translate(error, used);
      this.#leaveIfUseless(used, failure, sparesOthers);
      throw failure;
    } finally {
      attempt.isOver = true;
      attempt.overtaking?.abort();
    }
  }

  /** Searches for a host that may be used. Concurrent callers share one search. */
  #find(): Promise<FoundHost<P>> {
    this.#search ??= this.#runSearch().finally(() => {
      this.#search = undefined;
    });
    return this.#search;
  }

  async #runSearch(): Promise<FoundHost<P>> {
    const {assertFit} = this.#actions;
    const {signal} = this.#closing;
    signal.throwIfAborted();
    const [host] = this.#order;
    this.#current =
      assertFit === undefined && host !== undefined
        ? {host, pool: this.#open(host)}
        : await findHost({
            hosts: this.#order,
            open: (each) => this.#open(each),
            assertUsable: (pool) => this.#limited(pool, assertFit, this.#connectTimeoutMs),
            failure: (reasons) => noUsableHost(this.#location, reasons),
            signal,
          });
    return this.#current;
  }

  /**
   * Waits until `pool` has been silent for a while and another host has proven that it commits. Then replaces
   * the pool.
   *
   * @throws UniqueIDError `DATABASE_UNAVAILABLE` then; the signal's reason if the silence ends before
   */
  async #overtake(pool: P, limitMs: number, signal: AbortSignal): Promise<never> {
    await sleep(Math.min(MAX_SILENCE_MS, limitMs * SILENCE_SHARE), undefined, {signal, ref: false});
    const {assertFit, prove} = this.#actions;
    const found = await findHost({
      hosts: this.#order.filter((host) => host !== this.#current?.host),
      open: (host) => this.#open(host),
      assertUsable: async (other) => {
        await this.#limited(other, assertFit, this.#connectTimeoutMs);
        await this.#limited(other, prove, PROBE_TIMEOUT_MS);
      },
      signal: AbortSignal.any([signal, this.#closing.signal]),
    });
    const isFirst = this.#current?.pool === pool;
    if (isFirst) this.#current = found;
    void (isFirst ? pool : found.pool).giveUp();
    throw noAnswer(pool.destination.location);
  }

  /** Opens a pool. If the URL names several hosts, messages name this one alone. */
  #open(host: DatabaseUrl): P {
    const {user, database, hosts} = host;
    const location = this.#hosts.length > 1 ? hosts.map(formatHost).join(',') : this.#location;
    return this.#actions.open(host, {location, user, database});
  }

  async #limited(pool: P, work: HostActions<P>['assertFit'], limitMs: number): Promise<void> {
    try {
      await withTimeLimit(work?.(pool) ?? Promise.resolve(), limitMs, () =>
        noAnswer(pool.destination.location),
      );
    } catch (error) {
      throw this.#translate(error, pool);
    }
  }

  #translate(error: unknown, {destination}: P): unknown {
    return error instanceof UniqueIDError ? error : this.#actions.translate(error, destination);
  }

  /**
   * Replaces the pool after a failure that another connection or host may not have. A demoted primary keeps
   * its connections and rejects writes; only a new connection finds its successor.
   */
  #leaveIfUseless(pool: P, failure: unknown, sparesOthers: boolean): void {
    if (this.#current?.pool !== pool || !(failure instanceof UniqueIDError)) return;
    if (!failure.transient || failure.code === 'DATABASE_BUSY') return;
    const index = this.#hosts.indexOf(this.#current.host);
    // Without a cause, nothing failed but the host: it is silent or its commits are not confirmed. It may be
    // a former primary that came back without a standby, so every other host is better.
    const first = failure.cause === undefined ? index + 1 : index;
    this.#order = [...this.#hosts.slice(first), ...this.#hosts.slice(0, first)];
    this.#current = undefined;
    void (sparesOthers ? pool.close() : pool.giveUp());
  }
}

function noAnswer(location: string): UniqueIDError {
  return unreachable(location, 'it did not answer in time', undefined);
}

/** Codes of failed connection attempts, and (57P03) of a PostgreSQL server that is starting. */
const neverConnected = ['ENOTFOUND', 'EAI_AGAIN', 'CONNECT_TIMEOUT', '57P03'];

/** Returns true if the failure certainly changed nothing, so that another host may do the same work. */
function hadNoEffect(error: unknown): boolean {
  if (!(error instanceof UniqueIDError) || !error.transient) return false;
  const {code, cause} = error;
  if (code === 'DATABASE_READ_ONLY') return true;
  if (!(cause instanceof Error)) return false;
  return (
    ('syscall' in cause && cause.syscall === 'connect') ||
    ('code' in cause && neverConnected.includes(String(cause.code)))
  );
}
