import type {Allocator} from '../../allocation/allocator.js';
import {toUniqueIDError, UniqueIDError} from '../../core/errors.js';
import {retryTransient} from '../../util/retry.js';
import type {Store} from '../../store/store.js';
import type {Lifecycle} from '../lifecycle.js';
import {withTimeLimit} from '../../util/time-limit.js';

/** How long an answer is used, however often it is asked for, in milliseconds. */
const FRESH_MS = 1000;

/** How long a look may take, in milliseconds: a database that takes longer is unavailable, for whoever watches. */
const LOOK_TIMEOUT_MS = 1800;

/** How long a probe is tried again, in milliseconds: a lock or a connection that was lost is no outage. */
const RETRY_MS = 1000;

/** Why integers cannot be had; `undefined` if they can. */
type Problem = UniqueIDError | undefined;

interface Look {
  readonly startedAt: number;
  readonly endedAt: number;
  readonly problem: Problem;
}

/**
 * Tells whether a server can allocate, without allocating: only a commit proves that. A look commits a probe and reads
 * the counters of stopped modes. All who ask within a moment share one look.
 */
export class Health {
  readonly #store: Store;
  readonly #allocator: Allocator;
  #look: Promise<Problem> | undefined;
  #last: Look | undefined;
  /** A look that ran out of time leaves it behind; the next look waits for the same. */
  #proof: Promise<Problem> | undefined;
  readonly #lifecycle: Lifecycle;

  constructor(store: Store, allocator: Allocator, lifecycle: Lifecycle) {
    this.#store = store;
    this.#allocator = allocator;
    this.#lifecycle = lifecycle;
  }

  async problem(): Promise<Problem> {
    if (this.#lifecycle.isShuttingDown) return new UniqueIDError('STOPPING', 'The service is stopping.');
    if (this.#last !== undefined && this.#isCurrent(this.#last)) return this.#last.problem;
    this.#look ??= this.#start().finally(() => {
      this.#look = undefined;
    });
    return this.#look;
  }

  /** News that contradict an answer end its use early. */
  #isCurrent({startedAt, endedAt, problem}: Look): boolean {
    // Whether the database did well before the end of a look is not known; what was wrong was so at its end.
    if (performance.now() - (problem === undefined ? startedAt : endedAt) >= FRESH_MS) return false;
    const {guard, lastCommitAt} = this.#allocator;
    if (problem !== undefined) return !(problem.scope === 'database' && lastCommitAt > endedAt);
    const failure = this.#allocator.lastFailure();
    const failedSince = failure !== undefined && performance.now() - failure.agoMs > endedAt;
    return !failedSince && guard.regressions().length === 0;
  }

  async #start(): Promise<Problem> {
    const startedAt = performance.now();
    const problem = await this.#judge(startedAt);
    this.#last = {startedAt, endedAt: performance.now(), problem};
    return problem;
  }

  async #judge(startedAt: number): Promise<Problem> {
    this.#proof ??= this.#prove().finally(() => {
      this.#proof = undefined;
    });
    try {
      return await withTimeLimit(this.#proof, LOOK_TIMEOUT_MS, () => silent(this.#store.location));
    } catch (error) {
      const problem = toUniqueIDError(error);
      // Under load a probe may find no connection, or wait too long, where groups are committed all the same.
      return problem.scope === 'database' && this.#allocator.lastCommitAt > startedAt ? undefined : problem;
    }
  }

  async #prove(): Promise<Problem> {
    await retryTransient(() => this.#store.probe(), {timeoutMs: RETRY_MS});
    return this.#allocator.guard.recheckQuarantined();
  }
}

function silent(location: string): UniqueIDError {
  return new UniqueIDError('DATABASE_UNAVAILABLE', `The database ${location} does not answer.`, {
    hint: 'Check that it runs, and that commits there do not wait for a standby that is missing.',
    transient: true,
  });
}

/** Whatever is wrong, it is this service that cannot allocate: 503. */
export function asUnavailable(problem: UniqueIDError): UniqueIDError {
  if (problem.httpStatus === 503) return problem;
  return new UniqueIDError('DATABASE_UNAVAILABLE', problem.message, {cause: problem});
}

/** A problem without a place, a user or a mode in it, for strangers. */
export function codeAlone({code}: UniqueIDError): UniqueIDError {
  return new UniqueIDError(code, `${code}: this service cannot allocate now.`, {
    hint: 'Read the reason in the error log of the service, or ask with a token of its tokens_file.',
  });
}
