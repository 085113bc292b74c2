import {toUniqueIDError, type UniqueIDError} from '../core/errors.js';
import type {ModeBatch, PendingRequest} from './pending-requests.js';

/** A part of a batch and its range, `first` to `next - 1`, which is committed but not yet issued. */
export interface CommittedBatch {
  readonly batch: ModeBatch;
  readonly first: bigint;
  readonly next: bigint;
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

/** Returns true for a failure of the whole database, false for one of a single mode. */
export function isOfDatabase({scope, transient}: UniqueIDError): boolean {
  return transient || scope !== 'other';
}
