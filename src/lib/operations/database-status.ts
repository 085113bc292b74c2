import {createHash} from 'node:crypto';
import {MAX_COUNTER} from '../core/range.js';
import {UniqueIDError} from '../core/errors.js';
import {schemaProblem} from '../store/schema/verdict.js';
import {describeState, isServable, type SchemaState} from '../store/schema/version.js';
import type {Counter, Store, StoreFacts} from '../store/store.js';

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
  /** Whether further modes follow after the last one listed. */
  readonly more: boolean;
}

/** Which modes a status lists. */
export interface ModePage {
  /** This mode alone. */
  readonly mode?: string | undefined;
  /** Only modes after this one, in the order of their UTF-8 bytes. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** Counters that have come so far are warned of: nine tenths of all integers. */
const NEARLY_USED = (MAX_COUNTER / 10n) * 9n;

/** So many of them are named; one warning each would hide the others. */
const MOST_NAMED = 5;

/** Reads the counters that may have to be warned of: a look at the whole table. */
export function readHighest(store: Store): Promise<readonly Counter[]> {
  return store.highestCounters(MOST_NAMED + 1);
}

/**
 * Reads a database's state; the modes only where its schema can be understood.
 *
 * @param findHighest called if the modes can be read; does what `readHighest` does
 */
export async function readStatus(
  store: Store,
  page: ModePage,
  findHighest = (): Promise<readonly Counter[]> => readHighest(store),
): Promise<DatabaseStatus> {
  const state = await store.readSchema();
  const facts = await store.facts();
  const readable = isReadable(state);
  const counters = readable ? await listed(store, page) : [];
  const highest = readable ? await findHighest() : [];
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
    modes: counters.slice(0, page.limit).map(modeStatus),
    more: counters.length > page.limit,
  };
}

/** Hexadecimal digits of an identity: enough that two databases of one site never share them. */
const IDENTITY_LENGTH = 16;

/**
 * Returns a text that two looks share only if they were at the same database, whatever their URLs say. It is a hash:
 * a store's own identity holds host names and paths, which a client must not see.
 *
 * @returns `undefined` if the database has no way to tell
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

/** Tables that `dbsync` can bring to what is served hold counters like any others. */
function isReadable(state: SchemaState): boolean {
  if (state.kind === 'unsuitable') return state.flaw.mend !== undefined;
  return state.kind === 'versioned' && (isServable(state) || state.version.major === 0);
}

/** One more than the page holds, which tells whether more follow. */
async function listed(store: Store, {mode, after, limit}: ModePage): Promise<readonly Counter[]> {
  if (mode === undefined) return store.counters({after, limit: limit + 1});
  const counter = await store.counter(mode);
  return counter === undefined ? [] : [counter];
}

function nearlyUsedWarning(highest: readonly Counter[]): string[] {
  const counters = highest.filter(({next = 0n}) => next >= NEARLY_USED);
  if (counters.length === 0) return [];
  const names = counters.slice(0, MOST_NAMED).map(({mode}) => JSON.stringify(mode));
  const others = counters.length > MOST_NAMED ? ' and others' : '';
  const [what, are] = names.length === 1 ? ['The counter of mode', 'is'] : ['The counters of modes', 'are'];
  return [`${what} ${names.join(', ')}${others} ${are} beyond 90 %: use new modes before nothing is left.`];
}

function modeStatus({mode, next}: Counter): ModeStatus {
  if (next === undefined) return {mode, next: null, remaining: null, usedShare: null};
  return {mode, next, remaining: MAX_COUNTER - next, usedShare: Number(next) / Number(MAX_COUNTER)};
}
