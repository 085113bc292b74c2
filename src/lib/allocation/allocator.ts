import {setImmediate as afterPendingInput, setTimeout as sleep} from 'node:timers/promises';
import {toUniqueIDError, type UniqueIDError} from '../core/errors.js';
import type {Store} from '../store/store.js';
import {backoff} from '../util/backoff.js';
import {CommitPace} from './commit-pace.js';
import {GroupCommitter} from './group-committer.js';
import {markLimit} from './marks/high-water-marks.js';
import {issue, type CommitOutcome, type CommittedBatch} from './progress.js';
import {ModeGate, type ModePolicy} from './mode-gate.js';
import type {ModeFilter} from '../core/mode-filter.js';
import type {AllocatorObserver} from './observer.js';
import {parseMode} from '../core/mode.js';
import {EMPTY_RANGE, type IdRange} from '../core/range.js';
import {modeNotAllowed, queueFull, stopping, tooLate} from './rejections.js';
import type {MarksFile} from './memory/marks-file.js';
import type {RegressionPolicy} from './guard/regression.js';
import {RegressionGuard} from './guard/regression-guard.js';
import {UnwritableModes} from './unwritable-modes.js';
import {batchLength, reject, type RequestCallbacks, type PendingRequest} from './pending-requests.js';

/** Limits and rules of an allocator. */
export interface AllocatorOptions {
  /** The first integer of a new mode. */
  readonly firstIndex: bigint;
  /** The longest wait of a request for the database, in milliseconds. */
  readonly requestTimeoutMs: number;
  /** The most requests that may wait; further ones are rejected. */
  readonly maxQueue: number;
  /** Which modes may be used and created; without it, all may. */
  readonly policy?: ModePolicy & {readonly allowedModes?: ModeFilter | undefined};
  /** @internal */
  readonly observer?: AllocatorObserver;
  /**
   * Keeps the high-water marks beyond the end of this process.
   *
   * @internal
   */
  readonly marksFile?: MarksFile | undefined;
  /** The treatment of a counter that went back by accident; `raise` by default. */
  readonly onRegression?: RegressionPolicy;
  /**
   * The only mode that will be allocated from: a large file of marks is then read in less time.
   *
   * @internal
   */
  readonly onlyMode?: string | undefined;
  /** Called with each regression and with each problem of the file, in a sentence or two. */
  readonly warn?: ((text: string) => void) | undefined;
}

/**
 * Allocates ranges by group commit. While one commit runs, requests queue; the next commit serves them all,
 * up to the bounds of a batch. Each mode of a batch is one claim; its requests get consecutive ranges in
 * order of arrival. A request that cannot be served fails alone.
 *
 * Only one batch commits at a time. This keeps each mode in order and costs nothing, because requests that
 * arrive during a commit share the next one. `CommitPace` decides when it begins.
 */
export class Allocator {
  /**
   * The high-water mark of each mode, and the quarantined modes.
   *
   * @internal
   */
  readonly guard: RegressionGuard;
  readonly #location: string;
  readonly #options: AllocatorOptions;
  readonly #committer: GroupCommitter;
  readonly #unwritable = new UnwritableModes();
  readonly #pace = new CommitPace();
  #lastCommitAt = -Infinity;
  #lastFailure: {readonly error: UniqueIDError; readonly at: number} | undefined;
  #queue: PendingRequest[] = [];
  #inFlight: readonly PendingRequest[] = [];
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(store: Store, options: AllocatorOptions) {
    const {firstIndex, policy} = options;
    const createsAny = policy === undefined || (policy.createModes && policy.maxModes === 0);
    const gate = createsAny ? undefined : new ModeGate(store, policy);
    this.guard = new RegressionGuard(store, {
      maxModes: markLimit(policy?.maxModes ?? 0),
      file: options.marksFile,
      onRegression: options.onRegression ?? 'raise',
      warn: options.warn,
      onlyMode: options.onlyMode,
    });
    this.#location = store.location;
    this.#options = options;
    const {guard} = this;
    this.#committer = new GroupCommitter({store, guard, gate, unwritable: this.#unwritable, firstIndex});
  }

  /**
   * Allocates `count` consecutive integers of `mode` that no other caller ever gets.
   *
   * @param count the size of the range; 0 returns `EMPTY_RANGE` and changes nothing
   * @returns the range, once it is on stable storage
   * @throws UniqueIDError `INVALID_MODE`; `MODE_NOT_ALLOWED`; `COUNTER_EXHAUSTED` if fewer integers remain;
   *   `COUNTER_REGRESSED`; `QUEUE_FULL`; `STOPPING`; `DATABASE_*` if the database fails or answers too late.
   *   After a `DATABASE_*` error the integers may be lost as a gap, but no other caller gets them.
   */
  allocate(mode: string, count: bigint): Promise<IdRange> {
    return new Promise((granted, rejected) => {
      this.request(mode, count, {granted, rejected});
    });
  }

  /** Does the same as `allocate`, but answers by callbacks, which saves a promise per request. */
  request(mode: string, count: bigint, callbacks: RequestCallbacks): void {
    try {
      parseMode(mode);
      this.#assertAccepting(mode);
    } catch (error) {
      callbacks.rejected(toUniqueIDError(error));
      return;
    }
    if (count === 0n) {
      callbacks.granted(EMPTY_RANGE);
      return;
    }
    this.#queue.push({mode, count, arrivedAt: performance.now(), callbacks, isSettled: false});
    this.#running ??= this.#run();
  }

  /** The number of requests that wait for the database, queued or in a commit. */
  get queueLength(): number {
    return this.#queue.length + this.#inFlight.length;
  }

  /** Time of the last commit, on the clock of `performance.now()`; `-Infinity` before the first. */
  get lastCommitAt(): number {
    return this.#lastCommitAt;
  }

  /** Returns how long requests have waited while no batch was committed, in milliseconds; 0 if none waits. */
  stalledMs(): number {
    const [oldest] = this.#inFlight.length > 0 ? this.#inFlight : this.#queue;
    if (oldest === undefined) return 0;
    return performance.now() - Math.max(oldest.arrivedAt, this.#lastCommitAt);
  }

  /** Returns the error of the last batch and its age in milliseconds; `undefined` if that batch succeeded. */
  lastFailure(): {readonly error: UniqueIDError; readonly agoMs: number} | undefined {
    if (this.#lastFailure === undefined) return undefined;
    const {error, at} = this.#lastFailure;
    return {error, agoMs: performance.now() - at};
  }

  /** Rejects new requests and waits until all accepted ones are answered. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  #assertAccepting(mode: string): void {
    if (this.#options.policy?.allowedModes?.(mode) === false) throw modeNotAllowed(mode);
    if (this.#closed) throw stopping();
    this.#unwritable.assertWritable(mode);
    if (this.queueLength >= this.#options.maxQueue) throw queueFull(this.#options.maxQueue);
  }

  async #run(): Promise<void> {
    const overdueTimer = setInterval(
      () => {
        this.#rejectOverdue();
      },
      Math.min(100, this.#options.requestTimeoutMs),
    );
    try {
      // Input that is readable on other connections now joins this commit instead of waiting for the next.
      await afterPendingInput();
      // A caller may send its next request from the callback that answers the last batch.
      do {
        const committed = await this.#emptyQueue();
        issue(committed, this.#options.observer);
      } while (this.#queue.length > 0);
    } finally {
      clearInterval(overdueTimer);
      this.#running = undefined;
    }
  }

  /**
   * Commits batch after batch until the queue is empty. @returns the last batch, committed but not yet issued
   */
  async #emptyQueue(): Promise<readonly CommittedBatch[]> {
    const {observer, requestTimeoutMs} = this.#options;
    let committed: readonly CommittedBatch[] = [];
    for (let failures = 0; ;) {
      if (this.#pace.answersFirst) {
        issue(committed, observer);
        committed = [];
        await this.#pace.gather(() => this.#queue.length);
      }
      if (this.#queue.length === 0) return committed;
      const next = this.#commitBatch();
      issue(committed, observer);
      const outcome = await next;
      ({committed} = outcome);
      failures = outcome.failure?.transient === true ? failures + 1 : 0;
      // The limit gives even a request with a short timeout more than one attempt.
      if (failures > 0) await sleep(Math.min(backoff(failures), requestTimeoutMs / 4));
    }
  }

  async #commitBatch(): Promise<CommitOutcome> {
    const length = batchLength(this.#queue);
    const batch = this.#queue.slice(0, length);
    this.#queue = this.#queue.slice(length);
    this.#inFlight = batch;
    const startedAt = performance.now();
    const outcome = await this.#committer.commit(batch);
    this.#inFlight = [];
    const {committed, retry, failure} = outcome;
    this.#recordOutcome(outcome, batch.length, performance.now() - startedAt);
    if (failure === undefined) return outcome;
    // Part of the batch may be committed although the rest failed; its callers do not wait for the retry.
    issue(committed, this.#options.observer);
    this.#queue = [...retry, ...this.#queue];
    this.#rejectOverdue(failure);
    return {...outcome, committed: []};
  }

  #recordOutcome({committed, failure}: CommitOutcome, requests: number, durationMs: number): void {
    const {observer} = this.#options;
    const now = performance.now();
    this.#lastFailure = failure === undefined ? undefined : {error: failure, at: now};
    // A batch whose requests were all rejected may have written nothing.
    if (failure === undefined && committed.length > 0) this.#lastCommitAt = now;
    this.#pace.recordCommit(requests, this.#queue.length, durationMs);
    if (failure === undefined) observer?.group(requests, durationMs / 1000);
    else observer?.failed(failure);
  }

  /** Rejects requests that have waited too long; integers that are committed for them later become a gap. */
  #rejectOverdue(cause?: UniqueIDError): void {
    const {requestTimeoutMs} = this.#options;
    const limit = performance.now() - requestTimeoutMs;
    for (const request of [...this.#inFlight, ...this.#queue]) {
      if (request.arrivedAt > limit || request.isSettled) continue;
      reject(request, cause ?? tooLate(this.#location, requestTimeoutMs));
    }
    this.#queue = this.#queue.filter(({isSettled}) => !isSettled);
  }
}
