import {setImmediate as afterPendingInput, setTimeout as sleep} from 'node:timers/promises';
import {toUniqueIDError, type UniqueIDError} from '../core/errors.js';
import type {Store} from '../store/store.js';
import {backoff} from '../util/backoff.js';
import {GroupCommitter, type CommitOutcome, type CommittedBatch} from './group-committer.js';
import {ModeGate, type ModePolicy} from './mode-gate.js';
import type {ModeFilter} from '../core/mode-filter.js';
import type {AllocatorObserver} from './observer.js';
import {parseMode} from '../core/mode.js';
import {EMPTY_RANGE, type IdRange} from '../core/range.js';
import {modeNotAllowed, queueFull, stopping, tooLate} from './rejections.js';
import {RegressionGuard} from './regression-guard.js';
import {UnwritableModes} from './unwritable-modes.js';
import {batchLength, grant, reject, type RequestCallbacks, type PendingRequest} from './pending-requests.js';

/** How an allocator treats its callers. */
export interface AllocatorOptions {
  /** The first integer of a mode that the database does not know yet. */
  readonly firstIndex: bigint;
  /** How long a request may wait for the database, in milliseconds. */
  readonly requestTimeoutMs: number;
  /** The most requests that may wait at once; further ones are rejected. */
  readonly maxQueue: number;
  /** Which modes may be used and created; without it all may. */
  readonly policy?: ModePolicy & {readonly allowedModes?: ModeFilter | undefined};
  readonly observer?: AllocatorObserver;
}

/**
 * Hands out ranges by group commit: while one commit is under way requests gather, the next commit takes
 * them all, or as many as make a statement of bounded size, one statement a mode, and each caller gets its slice in
 * the order of arrival. A request that cannot be had fails alone.
 *
 * One group is under way at a time. That alone keeps a mode in order, and costs nothing: whatever
 * arrives meanwhile shares the next commit. The callers of one group are answered while the next is under way.
 */
export class Allocator {
  /** What this process has handed out, and which modes it has stopped because their counters went backwards. */
  readonly guard: RegressionGuard;
  readonly #location: string;
  readonly #options: AllocatorOptions;
  readonly #committer: GroupCommitter;
  readonly #unwritable = new UnwritableModes();
  #lastCommitAt = -Infinity;
  #lastFailure: {readonly error: UniqueIDError; readonly at: number} | undefined;
  #queue: PendingRequest[] = [];
  #underWay: readonly PendingRequest[] = [];
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(store: Store, options: AllocatorOptions) {
    const {firstIndex, policy} = options;
    const isOpen = policy === undefined || (policy.createModes && policy.maxModes === 0);
    const gate = isOpen ? undefined : new ModeGate(store, policy);
    this.guard = new RegressionGuard(store, policy?.maxModes ?? 0);
    this.#location = store.location;
    this.#options = options;
    const {guard} = this;
    this.#committer = new GroupCommitter({store, guard, gate, unwritable: this.#unwritable, firstIndex});
  }

  /**
   * Takes `count` consecutive integers of `mode` that no other caller is ever given.
   *
   * @param count how many; 0 is answered with `EMPTY_RANGE` and touches nothing
   * @returns the run, once it is on stable storage
   * @throws UniqueIDError `INVALID_MODE`; `COUNTER_EXHAUSTED` where fewer remain; `QUEUE_FULL`; `STOPPING`;
   *   `DATABASE_*` where the database did not answer in time. After any `DATABASE_*` error the integers may be
   *   lost, but are never given to anybody else.
   */
  allocate(mode: string, count: bigint): Promise<IdRange> {
    return new Promise((granted, rejected) => {
      this.request(mode, count, {granted, rejected});
    });
  }

  /** Does what `allocate` does, and tells the callbacks instead of a promise: one object less for each request. */
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
    this.#queue.push({mode, count, since: performance.now(), callbacks, isSettled: false});
    this.#running ??= this.#run();
  }

  /** How many requests wait for the database. */
  get queueLength(): number {
    return this.#queue.length + this.#underWay.length;
  }

  /** When a group was last committed, on the clock of `performance.now()`; `-Infinity` if none was. */
  get lastCommitAt(): number {
    return this.#lastCommitAt;
  }

  /** Why the last group failed and how long ago, in milliseconds; `undefined` where the last one was committed. */
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
    const watch = setInterval(
      () => {
        this.#rejectOverdue();
      },
      Math.min(100, this.#options.requestTimeoutMs),
    );
    try {
      // Whatever is readable on other connections right now joins this commit rather than waiting for the next.
      await afterPendingInput();
      // A caller may ask again while the last group is answered.
      do {
        const committed = await this.#emptyQueue();
        this.#handOut(committed);
      } while (this.#queue.length > 0);
    } finally {
      clearInterval(watch);
      this.#running = undefined;
    }
  }

  /** @returns the last group, which is committed and not handed out yet */
  async #emptyQueue(): Promise<readonly CommittedBatch[]> {
    let committed: readonly CommittedBatch[] = [];
    for (let failures = 0; this.#queue.length > 0;) {
      const next = this.#commitQueue();
      // The database works on the next group while this thread answers the last one.
      this.#handOut(committed);
      const outcome = await next;
      ({committed} = outcome);
      failures = outcome.failure?.transient === true ? failures + 1 : 0;
      // Even a request that may wait only briefly is tried more than once.
      if (failures > 0) await sleep(Math.min(backoff(failures), this.#options.requestTimeoutMs / 4));
    }
    return committed;
  }

  async #commitQueue(): Promise<CommitOutcome> {
    const length = batchLength(this.#queue);
    const group = this.#queue.slice(0, length);
    this.#queue = this.#queue.slice(length);
    this.#underWay = group;
    const started = performance.now();
    const outcome = await this.#committer.commit(group);
    this.#underWay = [];
    const {committed, retry, failure} = outcome;
    this.#note(outcome, group.length, performance.now() - started);
    if (failure === undefined) return outcome;
    // A part of the group may have been committed before the rest failed; its callers do not wait for the next try.
    this.#handOut(committed);
    this.#queue = [...retry, ...this.#queue];
    this.#rejectOverdue(failure);
    return {...outcome, committed: []};
  }

  #note({committed, failure}: CommitOutcome, requests: number, tookMs: number): void {
    const {observer} = this.#options;
    const now = performance.now();
    this.#lastFailure = failure === undefined ? undefined : {error: failure, at: now};
    // A group of which nothing could be had may have written nothing.
    if (failure === undefined && committed.length > 0) this.#lastCommitAt = now;
    if (failure === undefined) observer?.group(requests, tookMs / 1000);
    else observer?.failed(failure);
  }

  #handOut(committed: readonly CommittedBatch[]): void {
    const {observer} = this.#options;
    for (const {batch, first, next} of committed) {
      grant(batch, first);
      if (observer === undefined) continue;
      observer.granted(batch.mode, batch.waiting.length, batch.total, next);
      const now = performance.now();
      for (const {since} of batch.waiting) observer.waited((now - since) / 1000);
    }
  }

  /** Requests that have waited too long are answered; what is committed for them later is given to nobody. */
  #rejectOverdue(cause?: UniqueIDError): void {
    const {requestTimeoutMs} = this.#options;
    const limit = performance.now() - requestTimeoutMs;
    for (const waiting of [...this.#underWay, ...this.#queue]) {
      if (waiting.since > limit || waiting.isSettled) continue;
      reject(waiting, cause ?? tooLate(this.#location, requestTimeoutMs));
    }
    this.#queue = this.#queue.filter(({isSettled}) => !isSettled);
  }
}
