import type {Allocator} from '../../allocation/allocator.js';
import {toUniqueIDError, UniqueIDError} from '../../core/errors.js';
import {stopping} from '../../allocation/rejections.js';
import {retryTransient} from '../../util/retry.js';
import type {Store} from '../../store/store.js';
import type {Lifecycle} from '../lifecycle.js';
import {withTimeLimit} from '../../util/time-limit.js';

/** Time for which one result answers all requests. */
const RESULT_TTL_MS = 1000;

/** Time limit of one check: monitoring treats a slower database as unavailable. */
const CHECK_TIMEOUT_MS = 1800;

/** Time for which a failed probe is repeated: a lock or a lost connection is not an outage. */
const RETRY_MS = 1000;

/** The reason why no integers can be allocated; `undefined` if they can. */
type Problem = UniqueIDError | undefined;

interface CheckResult {
  readonly startedAt: number;
  readonly endedAt: number;
  readonly problem: Problem;
}

/**
 * Checks whether a server can allocate, without allocating: only a commit proves it. Each check commits a
 * probe and reads the counters of quarantined modes. Concurrent requests share one check.
 */
export class Health {
  readonly #store: Store;
  readonly #allocator: Allocator;
  #check: Promise<Problem> | undefined;
  #last: CheckResult | undefined;
  /** The running proof. It outlives a check that runs out of time, and the next check waits for it. */
  #proof: Promise<Problem> | undefined;
  readonly #lifecycle: Lifecycle;

  constructor(store: Store, allocator: Allocator, lifecycle: Lifecycle) {
    this.#store = store;
    this.#allocator = allocator;
    this.#lifecycle = lifecycle;
  }

  /** True if counters went back lately and were raised: a person should look for the cause. */
  get isDegraded(): boolean {
    return this.#allocator.guard.raised.recent().length > 0;
  }

  async problem(): Promise<Problem> {
    if (this.#lifecycle.isShuttingDown) return stopping();
    if (this.#last !== undefined && this.#isCurrent(this.#last)) return this.#last.problem;
    this.#check ??= this.#runCheck().finally(() => {
      this.#check = undefined;
    });
    return this.#check;
  }

  /** Returns false for an old result, and for one that newer facts contradict. */
  #isCurrent({startedAt, endedAt, problem}: CheckResult): boolean {
    // Success is known only as of the start of a check; a failure is known as of its end.
    if (performance.now() - (problem === undefined ? startedAt : endedAt) >= RESULT_TTL_MS) return false;
    const {guard, lastCommitAt} = this.#allocator;
    if (problem !== undefined) return !(problem.scope === 'database' && lastCommitAt > endedAt);
    const failure = this.#allocator.lastFailure();
    const failedSince = failure !== undefined && performance.now() - failure.agoMs > endedAt;
    return !failedSince && guard.regressions().length === 0;
  }

  async #runCheck(): Promise<Problem> {
    const startedAt = performance.now();
    const problem = await this.#findProblem(startedAt);
    this.#last = {startedAt, endedAt: performance.now(), problem};
    return problem;
  }

  async #findProblem(startedAt: number): Promise<Problem> {
    this.#proof ??= this.#prove().finally(() => {
      this.#proof = undefined;
    });
    try {
      const timedOut = (): UniqueIDError => noAnswer(this.#store.location);
      const problem = await withTimeLimit(this.#proof, CHECK_TIMEOUT_MS, timedOut);
      // A request is a probe too: its connection, or its row, may be stuck while others are not.
      return problem ?? (this.#allocator.stalledMs() > CHECK_TIMEOUT_MS ? timedOut() : undefined);
    } catch (error) {
      const problem = toUniqueIDError(error);
      // Under load a probe may get no connection in time even though batches still commit.
      return problem.scope === 'database' && this.#allocator.lastCommitAt > startedAt ? undefined : problem;
    }
  }

  async #prove(): Promise<Problem> {
    await retryTransient(() => this.#store.probe(), {timeoutMs: RETRY_MS});
    return this.#allocator.guard.recheckQuarantined();
  }
}

function noAnswer(location: string): UniqueIDError {
  return new UniqueIDError('DATABASE_UNAVAILABLE', `The database ${location} does not answer.`, {
    hint: 'Check that it is running, and that its commits wait neither for a standby nor for a lock.',
    transient: true,
  });
}

/** Gives every problem status 503: whatever the cause, this service cannot allocate. */
export function asUnavailable(problem: UniqueIDError): UniqueIDError {
  if (problem.httpStatus === 503) return problem;
  return new UniqueIDError('DATABASE_UNAVAILABLE', problem.message, {cause: problem});
}

/** Returns a problem without place, user or mode, for clients without a token. */
export function withoutDetails({code}: UniqueIDError): UniqueIDError {
  return new UniqueIDError(code, `${code}: this service cannot allocate now.`, {
    hint: 'Read the reason in the error log of the service, or send a token from its tokens_file.',
  });
}
