import {MAX_COUNTER} from '../allocation/range.js';
import type {UniqueIDError} from '../errors.js';
import {schemaProblem} from './schema/verdict.js';
import {describeState, isSafe} from './schema/version.js';
import type {Counter, Store, StoreFacts} from './store.js';

/** A counter as an operator sees it. */
export interface ModeStatus {
  readonly mode: string;
  /** The next integer; `null` where the row holds none. */
  readonly next: bigint | null;
  /** How many integers are left; `null` where the row holds no counter. */
  readonly remaining: bigint | null;
  /** The share of all integers that is used, from 0 to 1. */
  readonly usedShare: number | null;
}

/** What an operator asks first. */
export interface DatabaseStatus {
  readonly database: StoreFacts & {readonly location: string};
  readonly schema: {
    readonly version: string;
    readonly safe: boolean;
    readonly problem: UniqueIDError | undefined;
  };
  readonly modes: readonly ModeStatus[];
}

/** Reads a database's state; the modes only where its schema can be understood. */
export async function readStatus(store: Store): Promise<DatabaseStatus> {
  const state = await store.readSchema();
  const facts = await store.facts();
  const readable = state.kind === 'versioned' && (isSafe(state) || state.version.major === 0);
  const counters = readable ? await store.counters() : [];
  return {
    database: {location: store.location, ...facts},
    schema: {
      version: describeState(state),
      safe: isSafe(state),
      problem: schemaProblem(state, store.location),
    },
    modes: counters.map(modeStatus),
  };
}

function modeStatus({mode, next}: Counter): ModeStatus {
  if (next === undefined) return {mode, next: null, remaining: null, usedShare: null};
  return {mode, next, remaining: MAX_COUNTER - next, usedShare: Number(next) / Number(MAX_COUNTER)};
}
