import type {UniqueIDError} from '../core/errors.js';
import {exhausted} from './rejections.js';
import type {IdRange} from '../core/range.js';

/** Who is told what became of a request: one of the two, once. What either throws becomes a warning of the process. */
export interface RequestCallbacks {
  /** The range is on stable storage. */
  granted(range: IdRange): void;
  rejected(error: UniqueIDError): void;
}

/** A request on its way; it is settled once, whoever comes first. */
export interface PendingRequest {
  readonly mode: string;
  readonly count: bigint;
  /** When it came, on the clock of `performance.now()`, which nobody can set back. */
  readonly since: number;
  readonly callbacks: RequestCallbacks;
  isSettled: boolean;
}

/** The requests of one mode in one group, in the order of their arrival. */
export interface ModeBatch {
  readonly mode: string;
  readonly waiting: readonly PendingRequest[];
  /** How many integers they ask for together. */
  readonly total: bigint;
}

/**
 * The most modes of one commit, and the most bytes of their texts: the longest SQL of MariaDB holds each mode four
 * times in hexadecimal digits, and then has 0.4 MB. Servers may take no more than 1 MB.
 */
const MAX_MODES = 500;
const MAX_MODE_BYTES = 65_536;

/** How many requests, from the front of a queue, one commit may take; any number of them in the same mode. */
export function batchLength(queue: readonly PendingRequest[]): number {
  const modes = new Set<string>();
  let bytes = 0;
  let last: string | undefined;
  for (const [index, {mode}] of queue.entries()) {
    if (mode === last || modes.has(mode)) continue;
    bytes += Buffer.byteLength(mode);
    if (modes.size === MAX_MODES || bytes > MAX_MODE_BYTES) return index;
    modes.add(mode);
    last = mode;
  }
  return queue.length;
}

/** Sorted by mode: two servers that lock rows in the same order cannot deadlock. */
export function batchesOf(group: readonly PendingRequest[]): readonly ModeBatch[] {
  const byMode = new Map<string, PendingRequest[]>();
  let mode: string | undefined;
  let waiting: PendingRequest[] = [];
  for (const request of group) {
    // Most groups ask for one mode again and again.
    if (request.mode !== mode) {
      mode = request.mode;
      waiting = byMode.get(mode) ?? [];
      if (waiting.length === 0) byMode.set(mode, waiting);
    }
    waiting.push(request);
  }
  const batches = Array.from(byMode, ([each, requests]) => batchOf(each, requests));
  return batches.length === 1 ? batches : batches.sort((a, b) => (a.mode < b.mode ? -1 : 1));
}

export function batchOf(mode: string, waiting: readonly PendingRequest[]): ModeBatch {
  let total = 0n;
  for (const {count} of waiting) total += count;
  return {mode, waiting, total};
}

/** Gives each its slice of the run that begins at `first`, in the order of arrival. */
export function grant({waiting}: ModeBatch, first: bigint): void {
  let start = first;
  for (const request of waiting) {
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
 * Rejects, in order of arrival, each request that is larger than what then remains, and returns the others.
 * A counter only grows, so what does not fit now never will: the rejection needs no second look.
 */
export function rejectWhatDoesNotFit({mode, waiting}: ModeBatch, remaining: bigint): ModeBatch {
  let left = remaining;
  const fitting = waiting.filter((request) => {
    if (request.count <= left) {
      left -= request.count;
      return true;
    }
    reject(request, exhausted(request, left));
    return false;
  });
  return batchOf(mode, fitting);
}

export function reject(waiting: PendingRequest, error: UniqueIDError): void {
  if (waiting.isSettled) return;
  waiting.isSettled = true;
  try {
    waiting.callbacks.rejected(error);
  } catch (fault) {
    warnOf(fault);
  }
}

/** A fault of one caller must not keep the others of its batch from their answers. */
function warnOf(fault: unknown): void {
  process.emitWarning(fault instanceof Error ? fault : String(fault));
}

export function rejectAll({waiting}: Pick<ModeBatch, 'waiting'>, error: UniqueIDError): void {
  for (const each of waiting) reject(each, error);
}
