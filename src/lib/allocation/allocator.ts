import {setImmediate as afterPendingInput, setTimeout as sleep} from 'node:timers/promises';
import {toUniqueIDError, UniqueIDError} from '../errors.js';
import type {Advance, Store} from '../store/store.js';
import {backoff} from '../backoff.js';
import {HighWater} from './high-water.js';
import {ModeGate, type ModePolicy} from './mode-gate.js';
import type {ModeFilter} from './mode-pattern.js';
import type {AllocatorObserver} from './observer.js';
import {checkMode} from './mode.js';
import {EMPTY_RANGE, type IdRange} from './range.js';

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

/** A request on its way; its promise is settled once, whoever comes first. */
interface Waiting {
  readonly mode: string;
  readonly range: bigint;
  /** Both on the clock of `performance.now()`, which nobody can set back. */
  readonly since: number;
  readonly deadline: number;
  settled: boolean;
  readonly resolve: (range: IdRange) => void;
  readonly reject: (error: UniqueIDError) => void;
}

/** A mode whose counter was seen below what this process has handed out: it stays stopped until the counter is back. */
export interface Regression {
  readonly mode: string;
  /** Where the counter was found. */
  readonly found: bigint;
  /** One more than the highest integer this process has handed out: `reset --to` this mends it. */
  readonly issued: bigint;
}

/** The requests of one mode in one group, in the order of their arrival. */
interface Unit {
  readonly mode: string;
  readonly waiting: readonly Waiting[];
}

/**
 * Hands out ranges by group commit: while one commit is under way requests gather, the next commit takes
 * them all, one statement a mode, and each caller gets its slice in the order of arrival. A request
 * that cannot be had fails alone.
 *
 * One group is under way at a time. That alone keeps a mode in order, and costs nothing: whatever
 * arrives meanwhile shares the next commit.
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
    try {
      checkMode(mode);
      this.#assertAllowed(mode);
      this.#assertAccepting();
    } catch (error) {
      return Promise.reject(toUniqueIDError(error));
    }
    if (range === 0n) return Promise.resolve(EMPTY_RANGE);
    return new Promise((resolve, reject) => {
      const since = performance.now();
      const deadline = since + this.#options.requestTimeoutMs;
      this.#queue.push({mode, range, since, deadline, settled: false, resolve, reject});
      this.#running ??= this.#run();
    });
  }

  /** One more than the highest integer of a mode that this process has handed out; `undefined` for none. */
  issued(mode: string): bigint | undefined {
    return this.#highWater.get(mode);
  }

  /** The modes in which nothing is handed out because their counters have gone backwards. */
  regressions(): readonly Regression[] {
    return [...this.#regressions.values()];
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

  #assertAllowed(mode: string): void {
    if (this.#options.policy?.allowedModes?.(mode) !== false) return;
    throw new UniqueIDError(
      'MODE_NOT_ALLOWED',
      `Mode ${JSON.stringify(mode)} is not among the allowed ones.`,
      {
        hint: 'Correct the mode, or add it to allowed_modes in [uniqueid].',
      },
    );
  }

  #assertAccepting(): void {
    if (this.#closed) {
      throw new UniqueIDError('STOPPING', 'The service is stopping.', {hint: 'Ask again in a moment.'});
    }
    if (this.#queue.length >= this.#options.maxQueue) {
      throw new UniqueIDError('QUEUE_FULL', `More than ${this.#options.maxQueue} requests are waiting.`, {
        hint: 'Ask again in a moment, or for fewer and larger ranges.',
      });
    }
  }

  async #run(): Promise<void> {
    const watch = setInterval(
      () => {
        this.#rejectOverdue();
      },
      Math.min(100, this.#options.requestTimeoutMs),
    );
    try {
      for (let failures = 0; this.#queue.length > 0;) {
        // Whatever is readable on other connections right now joins this commit rather than waiting for the next.
        await afterPendingInput();
        failures = (await this.#commitQueue()) ? 0 : failures + 1;
        // Even a request that may wait only briefly is tried more than once.
        if (failures > 0) await sleep(Math.min(backoff(failures), this.#options.requestTimeoutMs / 4));
      }
    } finally {
      clearInterval(watch);
      this.#running = undefined;
    }
  }

  /** @returns false where the database could not do it now and the requests went back to the queue */
  async #commitQueue(): Promise<boolean> {
    const group = this.#queue.filter((waiting) => !waiting.settled);
    this.#queue = [];
    this.#underWay = group;
    try {
      const started = performance.now();
      await this.#commit(await this.#admitted(unitsOf(group)));
      this.#options.observer?.group(group.length, (performance.now() - started) / 1000);
      this.#lastFailure = undefined;
      return true;
    } catch (error) {
      const failure = toUniqueIDError(error);
      this.#lastFailure = {error: failure, at: performance.now()};
      this.#options.observer?.failed(failure);
      const unsettled = group.filter((waiting) => !waiting.settled);
      if (failure.transient) this.#queue = [...unsettled, ...this.#queue];
      else for (const waiting of unsettled) fail(waiting, failure);
      this.#rejectOverdue(failure);
      return !failure.transient;
    } finally {
      this.#underWay = [];
    }
  }

  async #commit(wanted: readonly Unit[]): Promise<void> {
    const units = this.#regressions.size === 0 ? wanted : await this.#withoutRegressed(wanted);
    if (units.length === 0) return;
    const claims = units.map(({mode, waiting}) => ({mode, count: total(waiting)}));
    let results: readonly Advance[];
    try {
      results = await this.#store.advance(claims, this.#options.firstIndex);
    } catch (error) {
      if (units.length === 1 || /^(?:DATABASE|SCHEMA)_/.test(toUniqueIDError(error).code)) throw error;
      // The database refused something. One mode may be the cause, such as one its character set lacks: the others go on.
      for (const unit of units) await this.#commitAlone(unit);
      return;
    }
    const again: Unit[] = [];
    for (const [index, unit] of units.entries()) {
      const result = results[index];
      if (result === undefined) continue;
      if ('next' in result) this.#grant(unit, result.next - total(unit.waiting), result.next);
      else if ('error' in result) for (const waiting of unit.waiting) fail(waiting, result.error);
      else again.push({mode: unit.mode, waiting: keepWhatFits(unit.waiting, result.remaining)});
    }
    await this.#commit(again.filter(({waiting}) => waiting.length > 0));
  }

  /** Hands out what was committed, unless this process has handed it out before. */
  #grant(unit: Unit, first: bigint, next: bigint): void {
    const {mode} = unit;
    const issued = this.#highWater.get(mode);
    if (issued !== undefined && first < issued) {
      this.#regress(unit, {mode, found: first, issued});
      return;
    }
    this.#highWater.raise(mode, next);
    grant(unit, first);
    this.#observe(unit, first, next);
  }

  #observe({mode, waiting}: Unit, first: bigint, next: bigint): void {
    const {observer} = this.#options;
    if (observer === undefined) return;
    observer.granted(mode, waiting.length, next - first, next);
    const now = performance.now();
    for (const {since} of waiting) observer.waited((now - since) / 1000);
  }

  /** Without the modes that may not be created; a mode this process has allocated from is there. */
  async #admitted(units: readonly Unit[]): Promise<readonly Unit[]> {
    if (this.#gate === undefined) return units;
    const unknown = units.filter(({mode}) => this.#highWater.get(mode) === undefined).map(({mode}) => mode);
    const refused = await this.#gate.refused(unknown);
    if (refused.size === 0) return units;
    return units.filter(({mode, waiting}) => {
      const error = refused.get(mode);
      if (error !== undefined) for (const each of waiting) fail(each, error);
      return error === undefined;
    });
  }

  /** A regressed mode is looked at, not taken from: it goes on once its counter is back where it was. */
  async #withoutRegressed(units: readonly Unit[]): Promise<readonly Unit[]> {
    const usable: Unit[] = [];
    for (const unit of units) {
      const regression = this.#regressions.get(unit.mode);
      const found = regression && ((await this.#store.counter(unit.mode))?.next ?? 0n);
      if (regression === undefined || found === undefined || found >= regression.issued) {
        this.#regressions.delete(unit.mode);
        usable.push(unit);
      } else this.#regress(unit, {...regression, found});
    }
    return usable;
  }

  #regress({mode, waiting}: Unit, regression: Regression): void {
    this.#regressions.set(mode, regression);
    for (const each of waiting) fail(each, this.regressionError(regression));
  }

  async #commitAlone(unit: Unit): Promise<void> {
    try {
      await this.#commit([unit]);
    } catch (error) {
      const failure = toUniqueIDError(error);
      if (failure.transient) throw failure;
      for (const waiting of unit.waiting) fail(waiting, failure);
    }
  }

  #rejectOverdue(cause?: UniqueIDError): void {
    const now = performance.now();
    for (const waiting of [...this.#underWay, ...this.#queue]) {
      if (waiting.deadline > now || waiting.settled) continue;
      fail(waiting, cause ?? tooLate(this.#store.location, this.#options.requestTimeoutMs));
    }
    this.#queue = this.#queue.filter((waiting) => !waiting.settled);
  }
}

/** Sorted by mode: two servers that lock rows in the same order cannot deadlock. */
function unitsOf(group: readonly Waiting[]): readonly Unit[] {
  const byMode = new Map<string, Waiting[]>();
  for (const waiting of group) {
    const unit = byMode.get(waiting.mode);
    if (unit === undefined) byMode.set(waiting.mode, [waiting]);
    else unit.push(waiting);
  }
  const units = Array.from(byMode, ([mode, waiting]) => ({mode, waiting}));
  return units.length === 1 ? units : units.sort((a, b) => (a.mode < b.mode ? -1 : 1));
}

function total(waiting: readonly Waiting[]): bigint {
  let sum = 0n;
  for (const {range} of waiting) sum += range;
  return sum;
}

function grant(unit: Unit, first: bigint): void {
  let start = first;
  for (const waiting of unit.waiting) {
    const next = start + waiting.range;
    if (!waiting.settled) {
      waiting.settled = true;
      waiting.resolve({start, end: next - 1n});
    }
    start = next;
  }
}

/**
 * Refuses, in order of arrival, each request that is larger than what then remains, and returns the others.
 * A counter only grows, so what does not fit now never will: the refusal needs no second look.
 */
function keepWhatFits(waiting: readonly Waiting[], remaining: bigint): readonly Waiting[] {
  let left = remaining;
  return waiting.filter((request) => {
    if (request.range <= left) {
      left -= request.range;
      return true;
    }
    fail(request, exhausted(request, left));
    return false;
  });
}

function fail(waiting: Waiting, error: UniqueIDError): void {
  if (waiting.settled) return;
  waiting.settled = true;
  waiting.reject(error);
}

function exhausted({mode, range}: Waiting, remaining: bigint): UniqueIDError {
  return new UniqueIDError(
    'COUNTER_EXHAUSTED',
    `mode ${JSON.stringify(mode)} has ${remaining} integers left, fewer than the ${range} asked for.`,
    {hint: remaining > 0n ? `Ask for ${remaining} or fewer, or use another mode.` : 'Use another mode.'},
  );
}

function regressed({mode, found, issued}: Regression, location: string): UniqueIDError {
  return new UniqueIDError(
    'COUNTER_REGRESSED',
    `The counter of mode ${JSON.stringify(mode)} in ${location} went backwards: it stood at ${found}, and this server has handed out all below ${issued}.`,
    {
      hint: `Was an older database restored? Run: uniqueid reset --mode ${shellWord(mode)} --to ${issued}`,
    },
  );
}

/** A mode as a shell takes it for one word. */
function shellWord(mode: string): string {
  return /^[\w.,:@%+/-]+$/.test(mode) ? mode : `'${mode.replaceAll("'", String.raw`'\''`)}'`;
}

function tooLate(location: string, timeoutMs: number): UniqueIDError {
  return new UniqueIDError(
    'DATABASE_UNAVAILABLE',
    `The database ${location} did not answer within ${timeoutMs / 1000} seconds.`,
    {transient: true, hint: 'Ask again in a moment.'},
  );
}
