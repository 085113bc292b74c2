import type {UniqueIDError} from '../core/errors.js';
import {exhausted} from './rejections.js';
import type {IdRange} from '../core/range.js';

/** Receives the result of a request: one of the two is called, once. Errors they throw become warnings. */
export interface RequestCallbacks {
  /** The range is on stable storage. */
  granted(range: IdRange): void;
  rejected(error: UniqueIDError): void;
}

/** A request that waits for its answer. It is answered once: by the commit, an error or the timeout. */
export interface PendingRequest {
  readonly mode: string;
  readonly count: bigint;
  /** Time of arrival on the clock of `performance.now()`, which never goes back. */
  readonly arrivedAt: number;
  readonly callbacks: RequestCallbacks;
  isSettled: boolean;
}

/** The part of a batch that is for one mode, in order of arrival. */
export interface ModeBatch {
  readonly mode: string;
  readonly requests: readonly PendingRequest[];
  /** The sum of their counts. */
  readonly total: bigint;
}

/**
 * The most modes of a batch, and the most bytes of their names. MariaDB needs the longest SQL: each name
 * appears up to twice, with two hexadecimal digits per byte, 0.4 MB in all. Servers may accept as little as
 * 1 MB.
 */
const MAX_MODES = 500;
const MAX_MODE_BYTES = 65_536;

/** Returns the length of the next batch, from the front of the queue; requests per mode are unlimited. */
export function batchLength(queue: readonly PendingRequest[]): number {
  const modes = new Set<string>();
  let bytes = 0;
  let lastMode: string | undefined;
  for (const [index, {mode}] of queue.entries()) {
    if (mode === lastMode || modes.has(mode)) continue;
    bytes += Buffer.byteLength(mode);
    if (modes.size === MAX_MODES || bytes > MAX_MODE_BYTES) return index;
    modes.add(mode);
    lastMode = mode;
  }
  return queue.length;
}

/** Splits a batch by mode, sorted by mode: servers that lock rows in the same order cannot deadlock. */
export function splitByMode(batch: readonly PendingRequest[]): readonly ModeBatch[] {
  const byMode = new Map<string, PendingRequest[]>();
  let lastMode: string | undefined;
  let requests: PendingRequest[] = [];
  for (const request of batch) {
    // In most batches, many consecutive requests have the same mode.
    if (request.mode !== lastMode) {
      lastMode = request.mode;
      requests = byMode.get(lastMode) ?? [];
      if (requests.length === 0) byMode.set(lastMode, requests);
    }
    requests.push(request);
  }
  const batches = Array.from(byMode, ([mode, ofMode]) => modeBatchOf(mode, ofMode));
  return batches.length === 1 ? batches : batches.sort((a, b) => (a.mode < b.mode ? -1 : 1));
}

function modeBatchOf(mode: string, requests: readonly PendingRequest[]): ModeBatch {
  let total = 0n;
  for (const {count} of requests) total += count;
  return {mode, requests, total};
}

/** Answers the requests with consecutive ranges from `first` on, in order of arrival. */
export function grant({requests}: ModeBatch, first: bigint): void {
  let start = first;
  for (const request of requests) {
    const next = start + request.count;
    if (!request.isSettled) {
      request.isSettled = true;
      try {
        request.callbacks.granted({start, end: next - 1n});
      } catch (error) {
        warnOf(error);
      }
    }
    start = next;
  }
}

/**
 * Rejects each request larger than the remaining integers, in order of arrival, and returns the others. Only
 * a `reset` would make room for a request that does not fit now, so it is not tried again.
 */
export function rejectWhatDoesNotFit({mode, requests}: ModeBatch, remaining: bigint): ModeBatch {
  let left = remaining;
  const fitting = requests.filter((request) => {
    if (request.count <= left) {
      left -= request.count;
      return true;
    }
    reject(request, exhausted(request, left));
    return false;
  });
  return modeBatchOf(mode, fitting);
}

export function reject(request: PendingRequest, error: UniqueIDError): void {
  if (request.isSettled) return;
  request.isSettled = true;
  try {
    request.callbacks.rejected(error);
  } catch (thrown) {
    warnOf(thrown);
  }
}

/** Reports an error thrown by a callback; it must not keep the other callers from their answers. */
function warnOf(thrown: unknown): void {
  process.emitWarning(thrown instanceof Error ? thrown : String(thrown));
}

export function rejectAll({requests}: Pick<ModeBatch, 'requests'>, error: UniqueIDError): void {
  for (const request of requests) reject(request, error);
}
