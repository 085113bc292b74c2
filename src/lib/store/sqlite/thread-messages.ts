import {UniqueIDError, toUniqueIDError, type ErrorCode} from '../../errors.js';
import type {Advance, OpenOptions, Store} from '../store.js';

/** What can be asked of a store on another thread. */
export type StoreMethod = {
  [Key in keyof Store]: Store[Key] extends (...args: never) => unknown ? Key : never;
}[keyof Store];

/** What the thread is started with. */
export interface ThreadData {
  readonly path: string;
  readonly options: OpenOptions;
  /** The memory of a `ThreadGate`. */
  readonly gate: SharedArrayBuffer;
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

/** What became of the claims of a group, with errors in their form for the way. */
export type SentAdvance = Exclude<Advance, {error: unknown}> | {readonly sentError: SentError};

export function toSentAdvance(advance: Advance): SentAdvance {
  return 'error' in advance ? {sentError: toSentError(advance.error)} : advance;
}

export function fromSentAdvance(sent: SentAdvance): Advance {
  return 'sentError' in sent ? {error: fromSentError(sent.sentError)} : sent;
}
