import {MAX_COUNTER} from '../../../core/range.js';
import {UniqueIDError, toUniqueIDError, type ErrorCode} from '../../../core/errors.js';
import type {Claim, ClaimResult, OpenOptions, Store} from '../../store.js';

/** What can be asked of a store on another thread. */
export type StoreMethod = {
  [Key in keyof Store]: Store[Key] extends (...args: never) => unknown ? Key : never;
}[keyof Store];

/** What the thread is started with. */
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

/** An error as it goes from one thread to another: a copy of the object would lose its class. */
export interface SentError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | undefined;
  readonly transient: boolean;
  /** What caused it, with its trace, for the log. */
  readonly cause: string | undefined;
}

/** The first answer, with the id 0, tells whether the database could be opened. */
export type Answer =
  {readonly id: number; readonly value: unknown} | {readonly id: number; readonly error: SentError};

export function toSentError(thrown: unknown): SentError {
  const {code, message, hint, transient, cause} = toUniqueIDError(thrown);
  return {code, message, hint, transient, cause: cause instanceof Error ? cause.stack : undefined};
}

export function fromSentError({code, message, hint, transient, cause}: SentError): UniqueIDError {
  return new UniqueIDError(code, message, {
    transient,
    ...(hint === undefined ? {} : {hint}),
    ...(cause === undefined ? {} : {cause: new Error(cause)}),
  });
}

/** The claims of a group in a few arrays: an object each takes as long to be copied as its counter to be advanced. */
export interface SentClaims {
  readonly modes: readonly string[];
  readonly counts: BigUint64Array;
  /** `NO_MINIMUM` where the claim has none. */
  readonly minimums: BigInt64Array;
}

/** What became of the claims of a group. */
export interface SentClaimResults {
  /** The counters, each as `next`; nothing of worth for those that are among the others. */
  readonly next: BigInt64Array;
  readonly others: readonly {readonly index: number; readonly advance: SentClaimResult}[];
}

/** An advance that was refused, with an error in its form for the way. */
type SentClaimResult = Exclude<ClaimResult, {error: unknown}> | {readonly sentError: SentError};

const NO_MINIMUM = -1n;

/** More than there are integers to be had, and still in 64 bits; so many requests may want even more together. */
const TOO_MANY = MAX_COUNTER + 1n;

export function toSentClaims(claims: readonly Claim[]): SentClaims {
  return {
    modes: claims.map(({mode}) => mode),
    counts: BigUint64Array.from(claims, ({count}) => (count > MAX_COUNTER ? TOO_MANY : count)),
    minimums: BigInt64Array.from(claims, ({minimum = NO_MINIMUM}) => minimum),
  };
}

export function fromSentClaims({modes, counts, minimums}: SentClaims): readonly Claim[] {
  return modes.map((mode, index) => {
    const minimum = minimums[index];
    return {mode, count: counts[index] ?? 0n, minimum: minimum === NO_MINIMUM ? undefined : minimum};
  });
}

export function toSentClaimResults(advances: readonly ClaimResult[]): SentClaimResults {
  const next = new BigInt64Array(advances.length);
  const others: {index: number; advance: SentClaimResult}[] = [];
  for (const [index, advance] of advances.entries()) {
    if ('next' in advance) next[index] = advance.next;
    else if ('error' in advance) others.push({index, advance: {sentError: toSentError(advance.error)}});
    else others.push({index, advance});
  }
  return {next, others};
}

export function fromSentClaimResults({next, others}: SentClaimResults): readonly ClaimResult[] {
  const advances: ClaimResult[] = Array.from(next, (each) => ({next: each}));
  for (const {index, advance} of others)
    advances[index] = 'sentError' in advance ? {error: fromSentError(advance.sentError)} : advance;
  return advances;
}
