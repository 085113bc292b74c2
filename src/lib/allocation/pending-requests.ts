import type {UniqueIDError} from '../core/errors.js';
import {exhausted} from './rejections.js';
import type {IdRange} from '../core/range.js';

/** Who is told what became of a request: one of the two, once. What either throws becomes a warning of the process. */
export interface Receiver {
  /** The range is on stable storage. */
  granted(range: IdRange): void;
  refused(error: UniqueIDError): void;
}

/** A request on its way; it is settled once, whoever comes first. */
export interface Waiting {
  readonly mode: string;
  readonly range: bigint;
  /** When it came, on the clock of `performance.now()`, which nobody can set back. */
  readonly since: number;
  readonly receiver: Receiver;
  isSettled: boolean;
}

/** The requests of one mode in one group, in the order of their arrival. */
export interface Unit {
  readonly mode: string;
  readonly waiting: readonly Waiting[];
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
export function batchLength(queue: readonly Waiting[]): number {
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
export function unitsOf(group: readonly Waiting[]): readonly Unit[] {
  const byMode = new Map<string, Waiting[]>();
  let mode: string | undefined;
  let waiting: Waiting[] = [];
  for (const request of group) {
    // Most groups ask for one mode again and again.
    if (request.mode !== mode) {
      mode = request.mode;
      waiting = byMode.get(mode) ?? [];
      if (waiting.length === 0) byMode.set(mode, waiting);
    }
    waiting.push(request);
  }
  const units = Array.from(byMode, ([each, requests]) => unitOf(each, requests));
  return units.length === 1 ? units : units.sort((a, b) => (a.mode < b.mode ? -1 : 1));
}

export function unitOf(mode: string, waiting: readonly Waiting[]): Unit {
  let total = 0n;
  for (const {range} of waiting) total += range;
  return {mode, waiting, total};
}

/** Gives each its slice of the run that begins at `first`, in the order of arrival. */
export function grant({waiting}: Unit, first: bigint): void {
  let start = first;
  for (const request of waiting) {
    const next = start + request.range;
    if (!request.isSettled) {
      request.isSettled = true;
      try {
        request.receiver.granted({start, end: next - 1n});
      } catch (error) {
        warnOf(error);
      }
    }
    start = next;
  }
}

/**
 * Refuses, in order of arrival, each request that is larger than what then remains, and returns the others.
 * A counter only grows, so what does not fit now never will: the refusal needs no second look.
 */
export function keepWhatFits({mode, waiting}: Unit, remaining: bigint): Unit {
  let left = remaining;
  const fitting = waiting.filter((request) => {
    if (request.range <= left) {
      left -= request.range;
      return true;
    }
    refuse(request, exhausted(request, left));
    return false;
  });
  return unitOf(mode, fitting);
}

export function refuse(waiting: Waiting, error: UniqueIDError): void {
  if (waiting.isSettled) return;
  waiting.isSettled = true;
  try {
    waiting.receiver.refused(error);
  } catch (fault) {
    warnOf(fault);
  }
}

/** A fault of one caller must not keep the others of its batch from their answers. */
function warnOf(fault: unknown): void {
  process.emitWarning(fault instanceof Error ? fault : String(fault));
}

export function refuseAll({waiting}: Pick<Unit, 'waiting'>, error: UniqueIDError): void {
  for (const each of waiting) refuse(each, error);
}
