import {redactDatabaseUrl, type DatabaseUrl} from '../../../config/database-url.js';
import {UniqueIDError} from '../../../core/errors.js';
import {withTimeLimit} from '../../../util/time-limit.js';
import {readOnlyServer, unreachable, type Destination} from '../../shared/network-errors.js';
import {PATIENT_MS} from '../../shared/network-store.js';
import {fromPostgresError} from '../errors.js';
import {cannotServe} from '../statements.js';
import {Pool} from './pool.js';

/** Keeps a pool of connections to that one of the URL's hosts which serves now. */
export class HostFailover {
  readonly #url: DatabaseUrl;
  readonly #destination: Destination;
  #pool: Pool;
  /** Which host the pool is for. */
  #host = 0;
  /** Whether that host was seen to be one that will do. */
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
   * Asks the host in use; where that one did nothing, each of the others.
   *
   * @param sparesOthers if the pool is given up, lets statements of others go on for a while
   */
  async ask<T>(work: (pool: Pool) => Promise<T>, limitMs = PATIENT_MS, sparesOthers = false): Promise<T> {
    for (let others = this.#url.hosts.length - 1; ; others--) {
      try {
        return await this.#askHost(work, limitMs, sparesOthers);
      } catch (error) {
        if (others <= 0 || !didNothing(error)) throw error;
      }
    }
  }

  /**
   * Asks the pool; a connection that does not answer in time is given up with its whole pool, and a new one made for
   * the next host. It may be a primary that was taken over from and came back: nobody replicates it, so it answers no
   * commit.
   */
  async #askHost<T>(work: (pool: Pool) => Promise<T>, limitMs: number, sparesOthers: boolean): Promise<T> {
    const pool = this.#pool;
    const before = pool.unreplicated;
    const asked = this.#assertFit(pool).then(() => work(pool));
    try {
      const result = await withTimeLimit(asked, limitMs, () =>
        unreachable(this.#destination.location, 'it did not answer in time', undefined),
      );
      // Which of those under way it was is not known; a failover would undo it, so none of them is answered.
      if (pool.unreplicated !== before)
        throw unreachable(this.#destination.location, 'its standby did not confirm a commit', undefined);
      return result;
    } catch (error) {
      const failure = error instanceof UniqueIDError ? error : fromPostgresError(error, this.#destination);
      // A demoted primary keeps its connections and refuses every write: only a new one finds the host that took over.
      const isUseless =
        failure instanceof UniqueIDError && failure.transient && failure.code !== 'DATABASE_BUSY';
      if (isUseless && this.#pool === pool) {
        this.#host++;
        this.#pool = new Pool(this.#url, this.#host);
        this.#isFit = false;
        asked.catch(() => undefined);
        void (sparesOthers ? pool.close() : pool.giveUp());
      }
      throw failure;
    }
  }

  /** @throws UniqueIDError `DATABASE_READ_ONLY` where the pool's host is not what `target_session_attrs` asks for */
  async #assertFit(pool: Pool): Promise<void> {
    const question = cannotServe[this.#url.options.targetSessionAttrs];
    if (question === undefined || this.#isFit) return;
    const [row] = (await pool.unsafe(question)) as unknown as readonly {cannotServe: boolean}[];
    if (row?.cannotServe === true) throw readOnlyServer(this.#destination.location, undefined);
    this.#isFit = this.#pool === pool;
  }
}

/** Connections that came to nothing, and (57P03) a server that is starting. */
const neverConnected = [
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'CONNECT_TIMEOUT',
  '57P03',
];

/** Whether a failure is sure to have left the database as it was, so that another host may be asked for the same. */
function didNothing(error: unknown): boolean {
  if (!(error instanceof UniqueIDError) || !error.transient) return false;
  const {code, cause} = error;
  return (
    code === 'DATABASE_READ_ONLY' ||
    (cause instanceof Error && 'code' in cause && neverConnected.includes(String(cause.code)))
  );
}
