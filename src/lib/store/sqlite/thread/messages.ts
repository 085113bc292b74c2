import {MAX_COUNTER} from '../../../core/range.js';
import {UniqueIDError, toUniqueIDError, type ErrorCode} from '../../../core/errors.js';
import type {Claim, ClaimResult, OpenOptions, Store} from '../../store.js';

/** The name of a `Store` method, callable on the other thread. */
export type StoreMethod = {
  [Key in keyof Store]: Store[Key] extends (...args: never) => unknown ? Key : never;
}[keyof Store];

/** The data that the thread starts with. */
export interface ThreadData {
  readonly path: string;
  readonly options: OpenOptions;
  /** The memory of an `ExitLatch`. */
  readonly latch: SharedArrayBuffer;
}

export interface Question {
  readonly id: number;
  readonly method: StoreMethod;
  readonly args: readonly unknown[];
}

/** An error as sent between threads: a structured clone of the object would lose its class. */
export interface SentError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | undefined;
  readonly transient: boolean;
  readonly httpStatus: number;
  /** The cause with its stack trace, for the log. */
  readonly cause: string | undefined;
}

/** The answer to one question. The first answer, with the id 0, reports whether the database was opened. */
export type Answer =
  {readonly id: number; readonly value: unknown} | {readonly id: number; readonly error: SentError};

export function toSentError(thrown: unknown): SentError {
  const {code, message, hint, transient, httpStatus, cause} = toUniqueIDError(thrown);
  const stack = cause instanceof Error ? cause.stack : undefined;
  return {code, message, hint, transient, httpStatus, cause: stack};
}

export function fromSentError({cause, ...fields}: SentError): UniqueIDError {
  return UniqueIDError.restored({...fields, cause: cause === undefined ? undefined : new Error(cause)});
}

/** The claims of a batch, one array per field: copying one object takes as long as advancing its counter. */
export interface SentClaims {
  readonly modes: readonly string[];
  readonly counts: BigUint64Array;
  readonly minimums: BigInt64Array;
  readonly mayCreate: readonly boolean[];
}

/** The results of the claims of a batch. */
export interface SentClaimResults {
  /** The counters after the granted claims; meaningless for claims listed in `others`. */
  readonly next: BigInt64Array;
  readonly others: readonly {readonly index: number; readonly result: SentClaimResult}[];
}

/** The result of a claim that was not granted, with its error in sendable form. */
type SentClaimResult =
  Exclude<ClaimResult, {error: unknown}> | {readonly kind: 'rejected'; readonly sentError: SentError};

/** Stands for any count above every counter, since the sum of many requests may exceed 64 bits. */
const UNGRANTABLE_COUNT = MAX_COUNTER + 1n;

export function toSentClaims(claims: readonly Claim[]): SentClaims {
  return {
    modes: claims.map(({mode}) => mode),
    counts: BigUint64Array.from(claims, ({count}) => (count > MAX_COUNTER ? UNGRANTABLE_COUNT : count)),
    minimums: BigInt64Array.from(claims, ({minimum}) => minimum),
    mayCreate: claims.map((claim) => claim.mayCreate),
  };
}

export function fromSentClaims({modes, counts, minimums, mayCreate}: SentClaims): readonly Claim[] {
  return modes.map((mode, index) => ({
    mode,
    count: counts[index] ?? 0n,
    minimum: minimums[index] ?? 0n,
    mayCreate: mayCreate[index] ?? false,
  }));
}

export function toSentClaimResults(results: readonly ClaimResult[]): SentClaimResults {
  const next = new BigInt64Array(results.length);
  const others: {index: number; result: SentClaimResult}[] = [];
  for (const [index, result] of results.entries()) {
    if (result.kind === 'granted') next[index] = result.next;
    else if (result.kind === 'rejected')
      others.push({index, result: {kind: 'rejected', sentError: toSentError(result.error)}});
    else others.push({index, result});
  }
  return {next, others};
}

export function fromSentClaimResults({next, others}: SentClaimResults): readonly ClaimResult[] {
  const results: ClaimResult[] = Array.from(next, (each) => ({kind: 'granted', next: each}));
  for (const {index, result} of others)
    results[index] =
      'sentError' in result ? {kind: 'rejected', error: fromSentError(result.sentError)} : result;
  return results;
}
