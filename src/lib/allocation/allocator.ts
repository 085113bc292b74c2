import {setImmediate as afterPendingInput, setTimeout as sleep} from 'node:timers/promises';
import {toUniqueIDError, type UniqueIDError} from '../errors.js';
import type {Advance, Store} from '../store/store.js';
import {backoff} from '../backoff.js';
import {HighWater} from './high-water.js';
import {ModeGate, type ModePolicy} from './mode-gate.js';
import type {ModeFilter} from './mode-pattern.js';
import type {AllocatorObserver} from './observer.js';
import {checkMode} from './mode.js';
import {EMPTY_RANGE, type IdRange} from './range.js';
import {modeNotAllowed, queueFull, regressed, stopping, tooLate} from './refusals.js';
import type {Regression} from './regression.js';
import {
  grant,
  keepWhatFits,
  refuse,
  refuseAll,
  unitsOf,
  type Receiver,
  type Unit,
  type Waiting,
} from './waiting.js';

/** How an allocator treats its callers. */
export interface AllocatorOptions {
  /** The first integer of a mode that the database does not know yet. */
  readonly firstIndex: bigint;
  /** How long a request may wait for the database, in milliseconds. */
  readonly requestTimeoutMs: number;
  /** The most requests that may wait at once; further ones are refused. */
  readonly maxQueue: number;
  /** Which modes may be used and created; without it all may. */
  readonly policy?: ModePolicy & {readonly allowedModes?: ModeFilter | undefined};
  readonly observer?: AllocatorObserver;
}

/** The floor of a claim in a mode that has to be there, wherever its counter stands. */
const ANYWHERE = 0n;

/** A run that is committed and not handed out yet. */
interface Committed {
  readonly unit: Unit;
  readonly first: bigint;
  readonly next: bigint;
}

/**
 * Hands out ranges by group commit: while one commit is under way requests gather, the next commit takes
 * them all, one statement a mode, and each caller gets its slice in the order of arrival. A request
 * that cannot be had fails alone.
 *
 * One group is under way at a time. That alone keeps a mode in order, and costs nothing: whatever
 * arrives meanwhile shares the next commit. The callers of one group are answered while the next is under way.
 */
export class Allocator {
  readonly #store: Store;
  readonly #options: AllocatorOptions;
  readonly #highWater = new HighWater();
  readonly #regressions = new Map<string, Regression>();
  readonly #gate: ModeGate | undefined;
  #lastFailure: {readonly error: UniqueIDError; readonly at: number} | undefined;
  #queue: Waiting[] = [];
  #underWay: readonly Waiting[] = [];
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(store: Store, options: AllocatorOptions) {
    this.#store = store;
    this.#options = options;
    const {policy} = options;
    if (policy !== undefined && !(policy.createModes && policy.maxModes === 0))
      this.#gate = new ModeGate(store, policy);
  }

  /**
   * Takes `range` consecutive integers of `mode` that no other caller is ever given.
   *
   * @param range how many; 0 is answered with `EMPTY_RANGE` and touches nothing
   * @returns the run, once it is on stable storage
   * @throws UniqueIDError `INVALID_MODE`; `COUNTER_EXHAUSTED` where fewer remain; `QUEUE_FULL`; `STOPPING`;
   *   `DATABASE_*` where the database did not answer in time. After any `DATABASE_*` error the integers may be
   *   lost, but are never given to anybody else.
   */
  allocate(mode: string, range: bigint): Promise<IdRange> {
    return new Promise((granted, refused) => {
      this.request(mode, range, {granted, refused});
    });
  }

  /** Does what `allocate` does, and tells the receiver instead of a promise: one object less for each request. */
  request(mode: string, range: bigint, receiver: Receiver): void {
    try {
      checkMode(mode);
      this.#assertAccepting(mode);
    } catch (error) {
      receiver.refused(toUniqueIDError(error));
      return;
    }
    if (range === 0n) {
      receiver.granted(EMPTY_RANGE);
      return;
    }
    this.#queue.push({mode, range, since: performance.now(), receiver, isSettled: false});
    this.#running ??= this.#run();
  }

  /** One more than the highest integer of a mode that this process has handed out; `undefined` for none. */
  issued(mode: string): bigint | undefined {
    return this.#highWater.get(mode);
  }

  /** The modes in which nothing is handed out because their counters have gone backwards. */
  regressions(): readonly Regression[] {
    return [...this.#regressions.values()];
  }

  /**
   * The first mode that is still stopped, after a look at its counter: where a load balancer sends nothing to a
   * service that is not healthy, no request would ever find out that it was mended.
   *
   * @throws UniqueIDError `DATABASE_*`
   */
  async regression(): Promise<Regression | undefined> {
    for (const regression of this.#regressions.values()) {
      const found = (await this.#store.counter(regression.mode))?.next;
      if (found === undefined || found < regression.issued) return regression;
      this.#regressions.delete(regression.mode);
    }
    return undefined;
  }

  /** What a request for a mode that has gone backwards is answered with. */
  regressionError(regression: Regression): UniqueIDError {
    return regressed(regression, this.#store.location);
  }

  /** How many requests wait for the database. */
  get queueLength(): number {
    return this.#queue.length + this.#underWay.length;
  }

  /** Why the last group failed and how long ago, in milliseconds; `undefined` where the last one was committed. */
  lastFailure(): {readonly error: UniqueIDError; readonly agoMs: number} | undefined {
    if (this.#lastFailure === undefined) return undefined;
    const {error, at} = this.#lastFailure;
    return {error, agoMs: performance.now() - at};
  }

  /** Refuses new requests and waits until all accepted ones are answered. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  #assertAccepting(mode: string): void {
    if (this.#options.policy?.allowedModes?.(mode) === false) throw modeNotAllowed(mode);
    if (this.#closed) throw stopping();
    if (this.queueLength >= this.#options.maxQueue) throw queueFull(this.#options.maxQueue);
  }

  async #run(): Promise<void> {
    const watch = setInterval(
      () => {
        this.#refuseOverdue();
      },
      Math.min(100, this.#options.requestTimeoutMs),
    );
    try {
      // Whatever is readable on other connections right now joins this commit rather than waiting for the next.
      await afterPendingInput();
      let committed: readonly Committed[] = [];
      for (let failures = 0; this.#queue.length > 0;) {
        const next = this.#commitQueue();
        // The database works on the next group while this thread answers the last one.
        this.#handOut(committed);
        const outcome = await next;
        committed = outcome ?? [];
        failures = outcome === undefined ? failures + 1 : 0;
        // Even a request that may wait only briefly is tried more than once.
        if (failures > 0) await sleep(Math.min(backoff(failures), this.#options.requestTimeoutMs / 4));
      }
      this.#handOut(committed);
    } finally {
      clearInterval(watch);
      this.#running = undefined;
    }
  }

  /** @returns `undefined` where the database could not do it now and the requests went back to the queue */
  async #commitQueue(): Promise<readonly Committed[] | undefined> {
    const group = this.#queue;
    this.#queue = [];
    this.#underWay = group;
    const {observer} = this.#options;
    const committed: Committed[] = [];
    try {
      const started = performance.now();
      await this.#commit(unitsOf(group), committed);
      observer?.group(group.length, (performance.now() - started) / 1000);
      this.#lastFailure = undefined;
      return committed;
    } catch (error) {
      const failure = toUniqueIDError(error);
      this.#lastFailure = {error: failure, at: performance.now()};
      observer?.failed(failure);
      // A part of the group may have been committed before the rest failed.
      this.#handOut(committed);
      const unsettled = group.filter(({isSettled}) => !isSettled);
      if (failure.transient) this.#queue = [...unsettled, ...this.#queue];
      else refuseAll({waiting: unsettled}, failure);
      this.#refuseOverdue(failure);
      return failure.transient ? undefined : [];
    } finally {
      this.#underWay = [];
    }
  }

  /** Commits what may be had of these; a mode this process has allocated from is there and need not be created. */
  async #commit(units: readonly Unit[], committed: Committed[]): Promise<void> {
    const gate = this.#gate;
    const unseen = gate === undefined ? 0 : units.filter(({mode}) => !this.#highWater.has(mode)).length;
    const mayCreate = gate === undefined || unseen === 0 || (await gate.isOpen(unseen));
    await this.#advance(units, mayCreate, committed);
  }

  async #advance(units: readonly Unit[], mayCreate: boolean, committed: Committed[]): Promise<void> {
    const lowest = mayCreate ? undefined : ANYWHERE;
    const claims = units.map(({mode, total}) => ({
      mode,
      count: total,
      floor: this.#highWater.get(mode) ?? lowest,
    }));
    let results: readonly Advance[];
    try {
      results = await this.#store.advance(claims, this.#options.firstIndex);
    } catch (error) {
      if (units.length === 1 || /^(?:DATABASE|SCHEMA)_/.test(toUniqueIDError(error).code)) throw error;
      // The database refused something. One mode may be the cause, such as one its character set lacks: the others go on.
      for (const unit of units) await this.#advanceAlone(unit, mayCreate, committed);
      return;
    }
    const again: Unit[] = [];
    const absent: Unit[] = [];
    const lost: string[] = [];
    for (const [index, unit] of units.entries()) {
      const result = results[index];
      if (result === undefined) continue;
      if ('next' in result) this.#take(unit, result.next, committed);
      else if ('error' in result) refuseAll(unit, result.error);
      else if ('remaining' in result) again.push(keepWhatFits(unit, result.remaining));
      else if (result.behind === undefined && claims[index]?.floor === ANYWHERE) absent.push(unit);
      else {
        if (result.behind === undefined) lost.push(unit.mode);
        this.#regress(unit, result.behind ?? 0n);
      }
    }
    if (lost.length > 0) await this.#createUnused(lost);
    const rest = again.filter(({waiting}) => waiting.length > 0);
    if (rest.length > 0) await this.#advance(rest, mayCreate, committed);
    const admitted = absent.length > 0 ? await this.#admitted(absent) : [];
    if (admitted.length > 0) await this.#advance(admitted, true, committed);
  }

  async #advanceAlone(unit: Unit, mayCreate: boolean, committed: Committed[]): Promise<void> {
    try {
      await this.#advance([unit], mayCreate, committed);
    } catch (error) {
      const failure = toUniqueIDError(error);
      if (failure.transient) throw failure;
      refuseAll(unit, failure);
    }
  }

  /** Keeps what was committed to be handed out, unless this process has handed it out before. */
  #take(unit: Unit, next: bigint, committed: Committed[]): void {
    const {mode, total} = unit;
    const first = next - total;
    // The store has compared the counter with the floor of the claim; what it answers is not taken on trust.
    if (first < (this.#highWater.get(mode) ?? 0n)) {
      this.#regress(unit, first);
      return;
    }
    this.#regressions.delete(mode);
    this.#highWater.raise(mode, next);
    committed.push({unit, first, next});
  }

  #handOut(committed: readonly Committed[]): void {
    const {observer} = this.#options;
    for (const {unit, first, next} of committed) {
      grant(unit, first);
      if (observer === undefined) continue;
      observer.granted(unit.mode, unit.waiting.length, unit.total, next);
      const now = performance.now();
      for (const {since} of unit.waiting) observer.waited((now - since) / 1000);
    }
  }

  /** Of modes that are not there, those that may be created. */
  async #admitted(absent: readonly Unit[]): Promise<readonly Unit[]> {
    const refused = (await this.#gate?.refused(absent.map(({mode}) => mode))) ?? new Map<string, never>();
    return absent.filter((unit) => {
      const error = refused.get(unit.mode);
      if (error !== undefined) refuseAll(unit, error);
      return error === undefined;
    });
  }

  /** Stops a mode whose counter stands below what this process has handed out; it goes on once the counter is back. */
  #regress(unit: Unit, found: bigint): void {
    const {mode} = unit;
    const regression = {mode, found, issued: this.#highWater.get(mode) ?? 0n};
    this.#regressions.set(mode, regression);
    refuseAll(unit, this.regressionError(regression));
  }

  /** Makes modes that this process has handed out and the database does not know, so that `reset` finds them. */
  async #createUnused(modes: readonly string[]): Promise<void> {
    const {firstIndex} = this.#options;
    await this.#store.raiseCounters(
      modes.map((mode) => ({mode, next: firstIndex})),
      false,
    );
  }

  /** Requests that have waited too long are answered; what is committed for them later is given to nobody. */
  #refuseOverdue(cause?: UniqueIDError): void {
    const {requestTimeoutMs} = this.#options;
    const limit = performance.now() - requestTimeoutMs;
    for (const waiting of [...this.#underWay, ...this.#queue]) {
      if (waiting.since > limit || waiting.isSettled) continue;
      refuse(waiting, cause ?? tooLate(this.#store.location, requestTimeoutMs));
    }
    this.#queue = this.#queue.filter(({isSettled}) => !isSettled);
  }
}
