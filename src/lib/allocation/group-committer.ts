import {toUniqueIDError, type UniqueIDError} from '../core/errors.js';
import type {ClaimResult, Store} from '../store/store.js';
import type {ModeGate} from './mode-gate.js';
import type {RegressionGuard} from './regression-guard.js';
import type {UnwritableModes} from './unwritable-modes.js';
import {
  batchesOf,
  rejectAll,
  rejectWhatDoesNotFit,
  type ModeBatch,
  type PendingRequest,
} from './pending-requests.js';

/** A run that is committed and not handed out yet. */
export interface CommittedBatch {
  readonly batch: ModeBatch;
  readonly first: bigint;
  readonly next: bigint;
}

/** What a committer works with. */
export interface GroupCommitterOptions {
  readonly store: Store;
  readonly guard: RegressionGuard;
  /** Decides which missing modes may be created; without it all may. */
  readonly gate: ModeGate | undefined;
  /** Is told which modes the database cannot hold. */
  readonly unwritable: UnwritableModes;
  /** The first integer of a mode that the database does not know yet. */
  readonly firstIndex: bigint;
}

/** What became of the requests of one commit; those that are in none of these have been rejected. */
export interface CommitOutcome {
  /** On stable storage, and not handed out yet. */
  readonly committed: readonly CommittedBatch[];
  /** In the order of their arrival: nothing was committed that they could be given, and waiting may help. */
  readonly retry: readonly PendingRequest[];
  /** Why the whole group, or all that is missing of it, failed. */
  readonly failure: UniqueIDError | undefined;
}

type Progress = Pick<CommitOutcome, 'committed' | 'failure'>;

/** What the store left undone of a group, though the database works. */
interface Leftover {
  /** Without the requests that did not fit. */
  readonly fitting: readonly ModeBatch[];
  /** Their modes do not exist; creating them takes a permission. */
  readonly missing: readonly ModeBatch[];
  /** Modes of which this process has handed out integers, and that do not exist. */
  readonly lost: readonly string[];
}

/** Has the store commit a group, and rejects, each alone, the requests of the group that cannot be had. */
export class GroupCommitter {
  readonly #options: GroupCommitterOptions;

  constructor(options: GroupCommitterOptions) {
    this.#options = options;
  }

  /** Commits what may be had of a group. The store is asked at once: nothing is awaited before. */
  async commit(group: readonly PendingRequest[]): Promise<CommitOutcome> {
    const {committed, failure} = await this.#advance(batchesOf(group), this.#options.gate === undefined);
    if (failure === undefined) return {committed, retry: [], failure};
    const served = new Set(committed.flatMap(({batch}) => batch.waiting));
    const left = group.filter((request) => !request.isSettled && !served.has(request));
    if (failure.transient) return {committed, retry: left, failure};
    rejectAll({waiting: left}, failure);
    return {committed, retry: [], failure};
  }

  async #advance(batches: readonly ModeBatch[], mayCreate: boolean): Promise<Progress> {
    const {store, guard, firstIndex} = this.#options;
    const claims = batches.map(({mode, total}) => {
      const mark = guard.highWaterMark(mode);
      // A mode that this process has handed out of exists, and must not start again.
      return {mode, count: total, minimum: mark ?? 0n, mayCreate: mayCreate && mark === undefined};
    });
    let results: readonly ClaimResult[];
    try {
      results = await store.advance(claims, firstIndex);
    } catch (error) {
      return this.#split(batches, mayCreate, toUniqueIDError(error));
    }
    const {committed, leftover} = this.#sort(batches, results);
    if (leftover === undefined) return {committed, failure: undefined};
    const later = await this.#advanceLeftover(leftover, mayCreate);
    return {committed: [...committed, ...later.committed], failure: later.failure};
  }

  #sort(
    batches: readonly ModeBatch[],
    results: readonly ClaimResult[],
  ): {readonly committed: readonly CommittedBatch[]; readonly leftover: Leftover | undefined} {
    const {guard} = this.#options;
    const committed: CommittedBatch[] = [];
    const fitting: ModeBatch[] = [];
    const missing: ModeBatch[] = [];
    const lost: string[] = [];
    for (const [index, batch] of batches.entries()) {
      const result = results[index];
      if (result === undefined) continue;
      if (result.kind === 'granted') committed.push(...this.#take(batch, result.next));
      else if (result.kind === 'rejected') this.#reject(batch, result.error);
      else if (result.kind === 'exhausted') fitting.push(rejectWhatDoesNotFit(batch, result.remaining));
      else if (result.kind === 'behind') rejectAll(batch, guard.quarantine(batch.mode, result.found));
      else if (guard.highWaterMark(batch.mode) === undefined) missing.push(batch);
      else {
        lost.push(batch.mode);
        rejectAll(batch, guard.quarantine(batch.mode, 0n));
      }
    }
    const isDone = fitting.length + missing.length + lost.length === 0;
    return {committed, leftover: isDone ? undefined : {fitting, missing, lost}};
  }

  #advanceLeftover({fitting, missing, lost}: Leftover, mayCreate: boolean): Promise<Progress> {
    const rest = fitting.filter(({waiting}) => waiting.length > 0);
    return inOrder([
      () => this.#createUnused(lost),
      () => this.#advanceSome(rest, mayCreate),
      async () => this.#advanceSome(await this.#admitted(missing), true),
    ]);
  }

  #advanceSome(batches: readonly ModeBatch[], mayCreate: boolean): Promise<Progress> {
    return batches.length === 0 ? Promise.resolve(NOTHING) : this.#advance(batches, mayCreate);
  }

  /**
   * Commits the halves of a group each by itself: the database rejected something of it, and one mode may be the cause,
   * such as one that its character set lacks.
   */
  async #split(batches: readonly ModeBatch[], mayCreate: boolean, failure: UniqueIDError): Promise<Progress> {
    const [batch, second] = batches;
    if (batch === undefined || isOfDatabase(failure)) return {committed: [], failure};
    if (second === undefined) {
      // A mode that the table cannot hold says nothing about the database.
      if (failure.code !== 'INVALID_MODE') return {committed: [], failure};
      this.#reject(batch, failure);
      return NOTHING;
    }
    const middle = batches.length >> 1;
    return inOrder(
      [batches.slice(0, middle), batches.slice(middle)].map(
        (half) => () => this.#advanceHalf(half, mayCreate),
      ),
    );
  }

  /** A failure of one half is no failure of the other, unless it is one of the database. */
  async #advanceHalf(half: readonly ModeBatch[], mayCreate: boolean): Promise<Progress> {
    const {committed, failure} = await this.#advance(half, mayCreate);
    if (failure === undefined || isOfDatabase(failure)) return {committed, failure};
    const modes = new Set(committed.map(({batch}) => batch.mode));
    for (const batch of half) {
      if (!modes.has(batch.mode)) rejectAll(batch, failure);
    }
    return {committed, failure: undefined};
  }

  #reject(batch: ModeBatch, error: UniqueIDError): void {
    if (error.code === 'INVALID_MODE') this.#options.unwritable.add(batch.mode, error);
    rejectAll(batch, error);
  }

  /** The store has compared the counter with the minimum of the claim; what it answers is not taken on trust. */
  #take(batch: ModeBatch, next: bigint): readonly CommittedBatch[] {
    const {mode, total} = batch;
    const first = next - total;
    const rejected = this.#options.guard.recordOrReject(mode, first, next);
    if (rejected === undefined) return [{batch, first, next}];
    rejectAll(batch, rejected);
    return [];
  }

  /** Of modes that do not exist, those that may be created. */
  async #admitted(missing: readonly ModeBatch[]): Promise<readonly ModeBatch[]> {
    if (missing.length === 0) return [];
    const rejected = await this.#options.gate?.rejected(missing.map(({mode}) => mode));
    return missing.filter((batch) => {
      const error = rejected?.get(batch.mode);
      if (error !== undefined) rejectAll(batch, error);
      return error === undefined;
    });
  }

  /** Makes modes that this process has handed out and the database does not know, so that `reset` finds them. */
  async #createUnused(modes: readonly string[]): Promise<Progress> {
    const {store, firstIndex} = this.#options;
    const minimums = modes.map((mode) => ({mode, next: firstIndex}));
    if (modes.length > 0) await store.raiseCounters(minimums, false);
    return NOTHING;
  }
}

const NOTHING: Progress = {committed: [], failure: undefined};

/** Takes one step after the other until one fails, and adds up what they have committed. */
async function inOrder(steps: readonly (() => Promise<Progress>)[]): Promise<Progress> {
  const committed: CommittedBatch[] = [];
  for (const step of steps) {
    try {
      const progress = await step();
      committed.push(...progress.committed);
      if (progress.failure !== undefined) return {committed, failure: progress.failure};
    } catch (error) {
      return {committed, failure: toUniqueIDError(error)};
    }
  }
  return {committed, failure: undefined};
}

/** Whether the whole database is meant, and not one mode. */
function isOfDatabase({scope, transient}: UniqueIDError): boolean {
  return transient || scope !== 'other';
}
