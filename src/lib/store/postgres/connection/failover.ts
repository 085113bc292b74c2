import {redactDatabaseUrl, type DatabaseUrl} from '../../../config/database-url.js';
import {UniqueIDError} from '../../../core/errors.js';
import {withTimeLimit} from '../../../util/time-limit.js';
import {readOnlyServer, unreachable, type Destination} from '../../shared/network-errors.js';
import {PATIENT_MS} from '../../shared/network-store.js';
import {fromPostgresError} from '../errors.js';
import {cannotServe} from '../statements.js';
import {Pool} from './pool.js';

/** Keeps a pool of connections to one host of the URL, and moves to the next host when that one fails. */
export class HostFailover {
  readonly #url: DatabaseUrl;
  readonly #destination: Destination;
  #pool: Pool;
  /** Number of the pool's host; it grows by one per failover, and the hosts take turns. */
  #host = 0;
  /** True after that host has satisfied `target_session_attrs`. */
  #isFit = false;

  constructor(url: DatabaseUrl) {
    this.#url = url;
    this.#destination = {location: redactDatabaseUrl(url), user: url.user, database: url.database};
    this.#pool = new Pool(url, this.#host);
  }

  /** The pool for the host in use. */
  get pool(): Pool {
    return this.#pool;
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  /**
   * Runs `work` on the current host. After a failure without effect, retries on each of the other hosts.
   *
   * @param sparesOthers if the pool is replaced, gives its other statements time to end
   */
  async ask<T>(work: (pool: Pool) => Promise<T>, limitMs = PATIENT_MS, sparesOthers = false): Promise<T> {
    for (let untried = this.#url.hosts.length - 1; ; untried--) {
      try {
        return await this.#askHost(work, limitMs, sparesOthers);
      } catch (error) {
        if (untried <= 0 || !hadNoEffect(error)) throw error;
      }
    }
  }

  /**
   * Runs `work` on the pool. A connection that does not answer in time is closed with its whole pool, and a
   * new pool is created for the next host. The silent host may be a former primary that came back: it has no
   * standby, so it never answers a commit.
   */
  async #askHost<T>(work: (pool: Pool) => Promise<T>, limitMs: number, sparesOthers: boolean): Promise<T> {
    const pool = this.#pool;
    const before = pool.unreplicated;
    const working = this.#assertFit(pool).then(() => work(pool));
    try {
      const result = await withTimeLimit(working, limitMs, () =>
        unreachable(this.#destination.location, 'it did not answer in time', undefined),
      );
      // A failover would undo the unconfirmed commit. It may be any of those in flight, so none is answered.
      if (pool.unreplicated !== before)
        throw unreachable(this.#destination.location, 'its standby did not confirm a commit', undefined);
      return result;
    } catch (error) {
      const failure = error instanceof UniqueIDError ? error : fromPostgresError(error, this.#destination);
      // A demoted primary keeps its connections and rejects writes; only a new connection finds its
      // successor.
      const isUseless =
        failure instanceof UniqueIDError && failure.transient && failure.code !== 'DATABASE_BUSY';
      if (isUseless && this.#pool === pool) {
        this.#host++;
        this.#pool = new Pool(this.#url, this.#host);
        this.#isFit = false;
        working.catch(() => undefined);
        void (sparesOthers ? pool.close() : pool.giveUp());
      }
      throw failure;
    }
  }

  /** @throws UniqueIDError `DATABASE_READ_ONLY` if the pool's host does not satisfy `target_session_attrs` */
  async #assertFit(pool: Pool): Promise<void> {
    const question = cannotServe[this.#url.options.targetSessionAttrs];
    if (question === undefined || this.#isFit) return;
    const [row] = (await pool.unsafe(question)) as unknown as readonly {cannotServe: boolean}[];
    if (row?.cannotServe === true) throw readOnlyServer(this.#destination.location, undefined);
    this.#isFit = this.#pool === pool;
  }
}

/** Codes of failed connection attempts, and (57P03) of a server that is starting. */
const neverConnected = [
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'CONNECT_TIMEOUT',
  '57P03',
];

/** Returns true if the failure certainly changed nothing, so that another host may do the same work. */
function hadNoEffect(error: unknown): boolean {
  if (!(error instanceof UniqueIDError) || !error.transient) return false;
  const {code, cause} = error;
  return (
    code === 'DATABASE_READ_ONLY' ||
    (cause instanceof Error && 'code' in cause && neverConnected.includes(String(cause.code)))
  );
}
