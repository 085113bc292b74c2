import {toUniqueIDError, type UniqueIDError} from '../core/errors.js';
import type {ClaimResult, Store} from '../store/store.js';
import type {ModeGate} from './mode-gate.js';
import type {RegressionGuard} from './regression-guard.js';
import type {UnwritableModes} from './unwritable-modes.js';
import {rejectWhatDoesNotFit, rejectAll, type ModeBatch} from './pending-requests.js';

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
  /** Which modes may be created; without it all may. */
  readonly gate: ModeGate | undefined;
  /** Is told which modes the database cannot hold. */
  readonly unwritable: UnwritableModes;
  /** The first integer of a mode that the database does not know yet. */
  readonly firstIndex: bigint;
}

/** Has the store commit a group, and rejects, each alone, the requests of the group that cannot be had. */
export class GroupCommitter {
  readonly #options: GroupCommitterOptions;

  constructor(options: GroupCommitterOptions) {
    this.#options = options;
  }

  /**
   * Commits what may be had of these. The store is asked at once, unless the modes have to be counted first.
   *
   * @param committed is added to as the store commits: what is in it is so even where the rest then fails
   * @throws UniqueIDError `DATABASE_*` and `SCHEMA_*`, and what the store throws for a single mode
   */
  async commit(batches: readonly ModeBatch[], committed: CommittedBatch[]): Promise<void> {
    const mayCreate = this.#mayCreate(batches);
    // To await what is there would let the callers of the last group be answered before the store has its next one.
    await this.#advance(batches, typeof mayCreate === 'boolean' ? mayCreate : await mayCreate, committed);
  }

  /** A mode that this process has allocated from is there, and need not be created. */
  #mayCreate(batches: readonly ModeBatch[]): boolean | Promise<boolean> {
    const {gate, guard} = this.#options;
    if (gate === undefined) return true;
    const unseen = batches.filter(({mode}) => guard.highWaterMark(mode) === undefined).length;
    return unseen === 0 || gate.isOpen(unseen);
  }

  async #advance(
    batches: readonly ModeBatch[],
    mayCreate: boolean,
    committed: CommittedBatch[],
  ): Promise<void> {
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
      await this.#split(batches, mayCreate, committed, toUniqueIDError(error));
      return;
    }
    const again: ModeBatch[] = [];
    const absent: ModeBatch[] = [];
    const lost: string[] = [];
    for (const [index, batch] of batches.entries()) {
      const result = results[index];
      if (result === undefined) continue;
      if (result.kind === 'granted') this.#take(batch, result.next, committed);
      else if (result.kind === 'rejected') this.#reject(batch, result.error);
      else if (result.kind === 'exhausted') again.push(rejectWhatDoesNotFit(batch, result.remaining));
      else if (result.kind === 'behind') rejectAll(batch, guard.quarantine(batch.mode, result.found));
      else if (guard.highWaterMark(batch.mode) === undefined) absent.push(batch);
      else {
        lost.push(batch.mode);
        rejectAll(batch, guard.quarantine(batch.mode, 0n));
      }
    }
    if (lost.length > 0) await this.#createUnused(lost);
    const rest = again.filter(({waiting}) => waiting.length > 0);
    if (rest.length > 0) await this.#advance(rest, mayCreate, committed);
    const admitted = absent.length > 0 ? await this.#admitted(absent) : [];
    if (admitted.length > 0) await this.#advance(admitted, true, committed);
  }

  /**
   * Commits the halves of a group each by itself: the database rejected something of it, and one mode may be the cause,
   * such as one that its character set lacks.
   *
   * @throws what was rejected, where it is not the fault of a mode
   */
  async #split(
    batches: readonly ModeBatch[],
    mayCreate: boolean,
    committed: CommittedBatch[],
    failure: UniqueIDError,
  ): Promise<void> {
    const [batch, second] = batches;
    if (batch === undefined || isOfDatabase(failure)) throw failure;
    if (second === undefined) {
      // A mode that the table cannot hold says nothing about the database.
      if (failure.code !== 'INVALID_MODE') throw failure;
      this.#reject(batch, failure);
      return;
    }
    const middle = batches.length >> 1;
    for (const half of [batches.slice(0, middle), batches.slice(middle)]) {
      try {
        await this.#advance(half, mayCreate, committed);
      } catch (error) {
        const fault = toUniqueIDError(error);
        if (isOfDatabase(fault)) throw fault;
        for (const each of half) rejectAll(each, fault);
      }
    }
  }

  #reject(batch: ModeBatch, error: UniqueIDError): void {
    if (error.code === 'INVALID_MODE') this.#options.unwritable.add(batch.mode, error);
    rejectAll(batch, error);
  }

  /** The store has compared the counter with the minimum of the claim; what it answers is not taken on trust. */
  #take(batch: ModeBatch, next: bigint, committed: CommittedBatch[]): void {
    const {mode, total} = batch;
    const first = next - total;
    const rejected = this.#options.guard.recordOrReject(mode, first, next);
    if (rejected === undefined) committed.push({batch, first, next});
    else rejectAll(batch, rejected);
  }

  /** Of modes that are not there, those that may be created. */
  async #admitted(absent: readonly ModeBatch[]): Promise<readonly ModeBatch[]> {
    const rejected = await this.#options.gate?.rejected(absent.map(({mode}) => mode));
    return absent.filter((batch) => {
      const error = rejected?.get(batch.mode);
      if (error !== undefined) rejectAll(batch, error);
      return error === undefined;
    });
  }

  /** Makes modes that this process has handed out and the database does not know, so that `reset` finds them. */
  async #createUnused(modes: readonly string[]): Promise<void> {
    const {store, firstIndex} = this.#options;
    await store.raiseCounters(
      modes.map((mode) => ({mode, next: firstIndex})),
      false,
    );
  }
}

/** Whether the whole database is meant, and not one mode. */
function isOfDatabase({code, transient}: UniqueIDError): boolean {
  return transient || /^(?:DATABASE|SCHEMA)_/.test(code);
}
