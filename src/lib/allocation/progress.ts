import {toUniqueIDError, type UniqueIDError} from '../core/errors.js';
import type {AllocatorObserver} from './observer.js';
import {grant, type ModeBatch, type PendingRequest} from './pending-requests.js';
import type {RegressionGuard} from './guard/regression-guard.js';

/** A part of a batch and its range, `first` to `next - 1`, which is committed but not yet issued. */
export interface CommittedBatch {
  readonly batch: ModeBatch;
  readonly first: bigint;
  readonly next: bigint;
  /** The epoch of the mode that this process knew when it claimed the range. */
  readonly epoch: number;
}

/** The result of one batch. A request found in neither `committed` nor `retry` has been rejected. */
export interface CommitOutcome {
  /** On stable storage, but not yet issued. */
  readonly committed: readonly CommittedBatch[];
  /** Requests to retry after a transient failure, in order of arrival; a commit of theirs is a gap. */
  readonly retry: readonly PendingRequest[];
  /** The error of the whole batch, or of the part that is not committed. */
  readonly failure: UniqueIDError | undefined;
}

/** A part of a batch whose counter was found below its mark. */
export interface Regressed {
  readonly batch: ModeBatch;
  /** `undefined` if the mode is missing. */
  readonly found: bigint | undefined;
}

/** Claims that the store did not grant although the database works. */
export interface Leftover {
  /** Modes with too few integers for all requests; those that do not fit have been rejected. */
  readonly fitting: readonly ModeBatch[];
  /** Modes that do not exist; the mode gate decides whether to create them. */
  readonly missing: readonly ModeBatch[];
  /** Counters below their high-water marks, and missing modes that have one. */
  readonly regressed: readonly ModeBatch[];
}

/** The result of a part of a batch. */
export type Progress = Pick<CommitOutcome, 'committed' | 'failure'>;

export const NOTHING: Progress = {committed: [], failure: undefined};

/** Runs the steps in order until one fails, and returns everything they committed. */
export async function inOrder(steps: readonly (() => Promise<Progress>)[]): Promise<Progress> {
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

/** The ranges of a batch that may be issued, and those that must not. */
interface Sorted {
  readonly issuable: readonly CommittedBatch[];
  /** Ranges that another process issues, because the counter went back. */
  readonly taken: readonly CommittedBatch[];
  /** The requests to allocate again, which still wait. */
  readonly dropped: readonly PendingRequest[];
}

/**
 * Drops ranges that another process may issue too, because the counter went back. Also drops ranges that were
 * claimed before a reset of their mode, since their marks are void. Their requests are allocated again.
 */
export function withoutOutdated(
  committed: readonly CommittedBatch[],
  {memory, marks}: Pick<RegressionGuard, 'memory' | 'marks'>,
): Sorted {
  memory.poll();
  const issuable: CommittedBatch[] = [];
  const taken: CommittedBatch[] = [];
  const dropped: PendingRequest[] = [];
  for (const each of committed) {
    const {batch, epoch} = each;
    const other = memory.overlapping(batch.mode, each);
    // One from after a reset is no sign of an accident.
    if (other?.epoch === epoch) taken.push(each);
    if (other === undefined && !memory.isBlind && marks.epoch(batch.mode) <= epoch) issuable.push(each);
    else dropped.push(...batch.requests.filter(({isSettled}) => !isSettled));
  }
  memory.endClaims();
  return {issuable, taken, dropped};
}

/** Answers the callers. */
export function issue(committed: readonly CommittedBatch[], observer: AllocatorObserver | undefined): void {
  for (const {batch, first, next} of committed) {
    grant(batch, first);
    if (observer === undefined) continue;
    observer.granted(batch.mode, batch.requests.length, batch.total, next);
    const now = performance.now();
    for (const {arrivedAt} of batch.requests) observer.waited((now - arrivedAt) / 1000);
  }
}

/** Returns true for a failure of the whole database, false for one of a single mode. */
export function isOfDatabase({scope, transient}: UniqueIDError): boolean {
  return transient || scope !== 'other';
}
