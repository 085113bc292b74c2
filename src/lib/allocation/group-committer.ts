import {toUniqueIDError, type UniqueIDError} from '../core/errors.js';
import type {Claim, ClaimResult, Store} from '../store/store.js';
import {
  inOrder,
  isOfDatabase,
  NOTHING,
  withoutOutdated,
  type CommitOutcome,
  type CommittedBatch,
  type Leftover,
  type Progress,
  type Regressed,
} from './progress.js';
import type {ModeGate} from './mode-gate.js';
import type {RegressionGuard} from './guard/regression-guard.js';
import type {UnwritableModes} from './unwritable-modes.js';
import {
  splitByMode,
  rejectAll,
  rejectWhatDoesNotFit,
  type ModeBatch,
  type PendingRequest,
} from './pending-requests.js';

export interface GroupCommitterOptions {
  readonly store: Store;
  readonly guard: RegressionGuard;
  /** Decides which missing modes may be created; without it, all may. */
  readonly gate: ModeGate | undefined;
  /** Collects the modes that the database cannot hold. */
  readonly unwritable: UnwritableModes;
  /** The first integer of a new mode. */
  readonly firstIndex: bigint;
}

/** Commits batches through the store. A request that cannot be served is rejected alone. */
export class GroupCommitter {
  readonly #options: GroupCommitterOptions;

  constructor(options: GroupCommitterOptions) {
    this.#options = options;
  }

  /**
   * Commits as much of a batch as possible. The call to the store starts before this method first awaits,
   * except in the first batch.
   */
  async commit(batch: readonly PendingRequest[]): Promise<CommitOutcome> {
    const {gate, guard} = this.#options;
    const advance = (): Promise<Progress> => {
      guard.memory.startClaims();
      return this.#advance(splitByMode(batch), gate === undefined);
    };
    const {committed, failure} = guard.isPrepared
      ? await advance()
      : await inOrder([() => guard.prepare().then(() => NOTHING), advance]);
    guard.memory.flush();
    const {issuable, taken, dropped} = withoutOutdated(committed, guard);
    const again = failure === undefined && dropped.length > 0 ? await this.commit(dropped) : undefined;
    for (const {batch, first} of taken) guard.noteTaken(batch.mode, first);
    if (again !== undefined) return {...again, committed: [...issuable, ...again.committed]};
    if (failure === undefined) return {committed: issuable, retry: [], failure};
    const served = new Set(issuable.flatMap((each) => each.batch.requests));
    const left = batch.filter((request) => !request.isSettled && !served.has(request));
    if (failure.transient) return {committed: issuable, retry: left, failure};
    rejectAll({requests: left}, failure);
    return {committed: issuable, retry: [], failure};
  }

  async #advance(batches: readonly ModeBatch[], mayCreate: boolean): Promise<Progress> {
    const {store, guard, firstIndex} = this.#options;
    const epochs = this.#epochs(batches);
    const claims = batches.map(({mode, total}) => {
      const mark = guard.highWaterMark(mode) ?? 0n;
      // A mode of which this process has issued integers exists; creating it again would issue them twice.
      return {mode, count: total, minimum: mark, mayCreate: mayCreate && mark === 0n};
    });
    let results: readonly ClaimResult[];
    try {
      results = await store.advance(claims, firstIndex);
    } catch (error) {
      return this.#split(batches, mayCreate, toUniqueIDError(error));
    }
    const {committed, leftover} = this.#sortResults(batches, results, {claims, epochs});
    if (leftover === undefined) return {committed, failure: undefined};
    const later = await this.#advanceLeftover(leftover, mayCreate);
    return {committed: [...committed, ...later.committed], failure: later.failure};
  }

  /** Returns the epoch that this process knows now of each mode. */
  #epochs(batches: readonly ModeBatch[]): readonly number[] {
    return batches.map(({mode}) => this.#options.guard.epochOf(mode));
  }

  #sortResults(
    batches: readonly ModeBatch[],
    results: readonly ClaimResult[],
    {claims, epochs}: {readonly claims: readonly Claim[]; readonly epochs: readonly number[]},
  ): {readonly committed: readonly CommittedBatch[]; readonly leftover: Leftover | undefined} {
    const {guard} = this.#options;
    const committed: CommittedBatch[] = [];
    const fitting: ModeBatch[] = [];
    const missing: ModeBatch[] = [];
    const regressed: ModeBatch[] = [];
    for (const [index, batch] of batches.entries()) {
      const result = results[index];
      const epoch = epochs[index];
      if (result === undefined || epoch === undefined)
        throw new Error(`the store gave no result for the mode ${JSON.stringify(batch.mode)}`);
      if (result.kind === 'granted') {
        const [first, next] = [result.next - batch.total, result.next];
        // PostgreSQL compares with the mark before it waits for the row, which can go back in the meantime.
        // The range stays a gap.
        if (first < (claims[index]?.minimum ?? 0n)) regressed.push(batch);
        else committed.push(this.#accept({batch, first, next, epoch}));
      } else if (result.kind === 'rejected') this.#reject(batch, result.error);
      else if (result.kind === 'exhausted') fitting.push(rejectWhatDoesNotFit(batch, result.remaining));
      else if (result.kind === 'missing' && (guard.highWaterMark(batch.mode) ?? 0n) === 0n)
        missing.push(batch);
      else regressed.push(batch);
    }
    const isDone = fitting.length + missing.length + regressed.length === 0;
    return {committed, leftover: isDone ? undefined : {fitting, missing, regressed}};
  }

  #advanceLeftover({fitting, missing, regressed}: Leftover, mayCreate: boolean): Promise<Progress> {
    const remaining = fitting.filter(({requests}) => requests.length > 0);
    return inOrder([
      () => this.#mend(regressed, mayCreate),
      () => this.#advanceIfAny(remaining, mayCreate),
      async () => this.#advanceIfAny(await this.#rejectUncreatable(missing), true),
    ]);
  }

  /** Serves counters below their marks: from where a reset put them, or from the marks, or not at all. */
  async #mend(batches: readonly ModeBatch[], mayCreate: boolean): Promise<Progress> {
    if (batches.length === 0) return NOTHING;
    const {guard} = this.#options;
    const {behind, epoch} = await guard.judge(batches.map(({mode}) => mode));
    const founds = new Map(behind.map(({mode, found}) => [mode, found]));
    const regressed = batches.flatMap((batch): Regressed[] =>
      founds.has(batch.mode) ? [{batch, found: founds.get(batch.mode)}] : [],
    );
    const others = batches.filter(({mode}) => !founds.has(mode));
    return inOrder([
      () => (guard.policy === 'stop' ? this.#stop(regressed) : this.#raise(regressed, mayCreate, epoch)),
      () => this.#advanceIfAny(others, mayCreate),
    ]);
  }

  async #stop(regressed: readonly Regressed[]): Promise<Progress> {
    const {guard} = this.#options;
    for (const {batch, found = 0n} of regressed) rejectAll(batch, guard.quarantine(batch.mode, found));
    return this.#createUnused(regressed.filter(({found}) => found === undefined));
  }

  /** Allocates from the marks, unless a reset comes in between. */
  async #raise(regressed: readonly Regressed[], mayCreate: boolean, epoch: number): Promise<Progress> {
    if (regressed.length === 0) return NOTHING;
    const {store, guard, firstIndex} = this.#options;
    const batches = regressed.map(({batch}) => batch);
    const epochs = this.#epochs(batches);
    const claims = batches.map(({mode, total}) => ({
      mode,
      count: total,
      minimum: guard.highWaterMark(mode) ?? 0n,
      mayCreate: true,
    }));
    const results = await store.advanceRaised(claims, firstIndex, epoch);
    if (results === 'reset') return this.#mend(batches, mayCreate);
    for (const [index, {batch, found = 0n}] of regressed.entries())
      if (results[index]?.kind === 'granted')
        guard.noteRaised(batch.mode, found, claims[index]?.minimum ?? 0n);
    const {committed, leftover} = this.#sortResults(batches, results, {claims, epochs});
    const {fitting = [], regressed: again = []} = leftover ?? {};
    const left = [...fitting.filter(({requests}) => requests.length > 0), ...again];
    const later = await this.#mend(left, mayCreate);
    return {committed: [...committed, ...later.committed], failure: later.failure};
  }

  #advanceIfAny(batches: readonly ModeBatch[], mayCreate: boolean): Promise<Progress> {
    return batches.length === 0 ? Promise.resolve(NOTHING) : this.#advance(batches, mayCreate);
  }

  /**
   * Commits each half of a batch alone after the database rejected the whole. One mode may be the cause, for
   * example a character that the table's character set lacks.
   */
  async #split(batches: readonly ModeBatch[], mayCreate: boolean, failure: UniqueIDError): Promise<Progress> {
    const [batch, second] = batches;
    if (batch === undefined || isOfDatabase(failure)) return {committed: [], failure};
    if (second === undefined) {
      // A mode that the table cannot hold is no failure of the database.
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

  /** Commits one half of a batch. Only a failure of the database also stops the other half. */
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

  #accept(committed: CommittedBatch): CommittedBatch {
    const {batch, first, next, epoch} = committed;
    this.#options.guard.record(batch.mode, first, {epoch, next});
    return committed;
  }

  /** Rejects the requests for modes that must not be created, and returns the others. */
  async #rejectUncreatable(missing: readonly ModeBatch[]): Promise<readonly ModeBatch[]> {
    if (missing.length === 0) return [];
    const rejected = await this.#options.gate?.rejected(missing.map(({mode}) => mode));
    return missing.filter((batch) => {
      const error = rejected?.get(batch.mode);
      if (error !== undefined) rejectAll(batch, error);
      return error === undefined;
    });
  }

  /** Creates lost modes, so that `reset` finds them; their requests stay rejected. */
  async #createUnused(lost: readonly Regressed[]): Promise<Progress> {
    const {store, firstIndex} = this.#options;
    const minimums = lost.map(({batch}) => ({mode: batch.mode, next: firstIndex}));
    if (lost.length > 0) await store.raiseCounters(minimums, false);
    return NOTHING;
  }
}
