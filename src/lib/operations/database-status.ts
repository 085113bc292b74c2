import {createHash} from 'node:crypto';
import {setImmediate as nextTurn} from 'node:timers/promises';
import {MAX_COUNTER} from '../core/range.js';
import {UniqueIDError} from '../core/errors.js';
import {schemaProblem} from '../store/schema/verdict.js';
import {describeState, isServable, type SchemaState} from '../store/schema/version.js';
import {MAX_NAMED_MODES, nameModes} from './named-modes.js';
import type {Counter, Store, StoreFacts} from '../store/store.js';

/** A counter as an operator sees it. */
export interface ModeStatus {
  readonly mode: string;
  /** The next integer; `null` if the row holds no integer. */
  readonly next: bigint | null;
  /** The count of integers left; `null` if the row holds no integer. */
  readonly remaining: bigint | null;
  /** The used share of all integers, from 0 to 1. */
  readonly usedShare: number | null;
}

export interface DatabaseStatus {
  readonly database: StoreFacts & {
    readonly location: string;
    /** As `databaseIdentity` returns it. */
    readonly identity: string | undefined;
  };
  readonly schema: {
    readonly version: string;
    readonly safe: boolean;
    readonly problem: UniqueIDError | undefined;
  };
  readonly modes: readonly ModeStatus[];
  /** True if further modes follow the last one listed. */
  readonly more: boolean;
}

/** The modes that a status lists. */
export interface ModePage {
  /** Lists only those of these modes that exist, in this order. */
  readonly modes?: readonly string[] | undefined;
  /** Lists only modes after this one, in the order of their UTF-8 bytes. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** A counter at nine tenths of all integers or beyond causes a warning. */
const NEARLY_USED_THRESHOLD = (MAX_COUNTER / 10n) * 9n;

/** Reads the counters that may need a warning; scans the whole table. */
export function readHighest(store: Store): Promise<readonly Counter[]> {
  return store.highestCounters(MAX_NAMED_MODES + 1);
}

/**
 * Reads a database's status; reads the modes only if the schema is known.
 *
 * @param findHighest replaces `readHighest`, for example by a cached result; called only if the modes can be
 *   read
 */
export async function readStatus(
  store: Store,
  page: ModePage,
  findHighest = (): Promise<readonly Counter[]> => readHighest(store),
): Promise<DatabaseStatus> {
  const state = await store.readSchema();
  const facts = await store.facts();
  const canReadModes = isReadable(state);
  const counters = canReadModes ? await readPage(store, page) : [];
  const highest = canReadModes ? await findHighest() : [];
  return {
    database: {
      location: store.location,
      identity: await databaseIdentity(store),
      ...facts,
      warnings: [...facts.warnings, ...nearlyUsedWarning(highest)],
    },
    schema: {
      version: describeState(state),
      safe: isServable(state),
      problem: schemaProblem(state, store.location),
    },
    modes: counters.slice(0, page.limit).map(toModeStatus),
    more: counters.length > page.limit,
  };
}

/** Hexadecimal digits of an identity, 64 bits: no two databases of one site share them. */
const IDENTITY_LENGTH = 16;

/**
 * Returns a text that is equal for two stores only if they are the same database, whatever their URLs. Hashes
 * the store's own identity, because a client must not see the host names and paths in it.
 *
 * @returns `undefined` if the database cannot provide an identity
 */
export async function databaseIdentity(store: Store): Promise<string | undefined> {
  let identity: string;
  try {
    identity = await store.identity();
  } catch (error) {
    if (error instanceof UniqueIDError) throw error;
    return undefined;
  }
  return createHash('sha256').update(identity).digest('hex').slice(0, IDENTITY_LENGTH);
}

/** Returns whether the counters can be read; they can if `dbsync` can upgrade or repair the tables. */
function isReadable(state: SchemaState): boolean {
  if (state.kind === 'unsuitable') return state.flaw.mend !== undefined;
  return state.kind === 'versioned' && (isServable(state) || state.version.major === 0);
}

/** The most counters in one query: SQLite blocks the program during a query, and keys must not wait. */
const MAX_QUERY = 5000;

/** Reads one counter more than the page holds, to learn whether more follow. */
async function readPage(store: Store, {modes, after, limit}: ModePage): Promise<readonly Counter[]> {
  const counters: Counter[] = [];
  if (modes === undefined) {
    for (;;) {
      const count = Math.min(limit + 1 - counters.length, MAX_QUERY);
      const part = await store.counters({after: counters.at(-1)?.mode ?? after, limit: count});
      for (const counter of part) counters.push(counter);
      if (part.length < count || counters.length > limit) return counters;
      await nextTurn();
    }
  }
  for (const mode of modes) {
    const counter = await store.counter(mode);
    if (counter !== undefined) counters.push(counter);
  }
  return counters;
}

/** Returns whether the status warns of a counter at this value. */
export function isNearlyUsed(next: bigint): boolean {
  return next >= NEARLY_USED_THRESHOLD;
}

function nearlyUsedWarning(highest: readonly Counter[]): string[] {
  const counters = highest.filter(({next = 0n}) => isNearlyUsed(next));
  if (counters.length === 0) return [];
  const names = nameModes(counters.map(({mode}) => mode));
  const others = counters.length > MAX_NAMED_MODES ? ' and others' : '';
  const [what, have] =
    counters.length === 1 ? ['The counter of mode', 'has'] : ['The counters of modes', 'have'];
  return [`${what} ${names}${others} ${have} passed 90 % of all integers; switch to a new mode in time.`];
}

/** Returns a counter with what remains of it. */
export function toModeStatus({mode, next}: Counter): ModeStatus {
  if (next === undefined) return {mode, next: null, remaining: null, usedShare: null};
  return {mode, next, remaining: MAX_COUNTER - next, usedShare: Number(next) / Number(MAX_COUNTER)};
}
