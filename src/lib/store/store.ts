import type {UniqueIDError} from '../core/errors.js';
import type {MigrationStep} from './schema/steps.js';
import type {SchemaState} from './schema/version.js';

/** What one group takes from one mode: `count` integers, as one contiguous run. */
export interface Claim {
  readonly mode: string;
  /** How many integers; at least 1. May exceed what any counter can hold: then the counter is exhausted. */
  readonly count: bigint;
  /** A counter below this is left as it was: an older database may have been put in the place of this one. */
  readonly minimum: bigint;
  /** Whether the mode is created if it is missing. */
  readonly mayCreate: boolean;
}

/** What became of a claim. Anything but `granted` says why this mode, alone in its group, was left as it was. */
export type ClaimResult =
  /** `next` is the counter *after* the claim, so the run is `next - count .. next - 1`. */
  | {readonly kind: 'granted'; readonly next: bigint}
  /** Fewer than `count` integers remain; `remaining` is how many there were at that moment. */
  | {readonly kind: 'exhausted'; readonly remaining: bigint}
  /** The counter was found here, below the minimum of the claim. */
  | {readonly kind: 'behind'; readonly found: bigint}
  /** The mode does not exist, and the claim may not create it. */
  | {readonly kind: 'missing'}
  | {readonly kind: 'rejected'; readonly error: UniqueIDError};

/** A mode and the next integer it will give. */
export interface Counter {
  readonly mode: string;
  /** The stored value, or `undefined` where the row holds no integer of 0 to 2^63-1. */
  readonly next: bigint | undefined;
}

/** Moves one counter, on the condition that it is still where the person who asked saw it. */
export interface CounterMove {
  readonly mode: string;
  /** Where the counter stood when the move was confirmed; `undefined` for a row that held no integer. */
  readonly from: bigint | undefined;
  readonly to: bigint;
}

/** A counter to be raised: to `next`, or left where it is if it stands higher. */
export interface CounterMinimum {
  readonly mode: string;
  readonly next: bigint;
}

/** What raising a counter came to. */
export interface Raise {
  readonly mode: string;
  /** The mode as the row has it: another one where the table takes both for one. */
  readonly stored: string;
  /** `undefined` where the mode is new, or held no integer. */
  readonly before: bigint | undefined;
  readonly after: bigint;
}

/** How a table of counters compares modes. */
export interface Comparison {
  /**
   * `exact`: by their bytes; `padded`: spaces at the end do not count; `folding`: further differences do not count,
   * such as case, accents, width or characters without width, so that several spellings share one counter.
   */
  readonly kind: 'exact' | 'padded' | 'folding';
  /** The collation or type that decides, as the database names it. */
  readonly name: string;
}

/** What an operator asks of a database. */
export interface StoreFacts {
  /** `sqlite`, `postgresql` or `mysql`, by the protocol that is spoken. */
  readonly kind: string;
  /** Product and version, such as `SQLite 3.50.2`. */
  readonly product: string;
  /** The schema that the tables in use lie in, if the database has schemas and the tables exist. */
  readonly schema?: string | undefined;
  /** Size of the data in bytes, where the database tells. */
  readonly sizeBytes: number | undefined;
  /** The settings that decide whether a commit survives power loss, in the database's own words. */
  readonly durability: string;
  /** Things that weaken a promise of this program, a sentence each. */
  readonly warnings: readonly string[];
}

/** Where a listing of counters starts and how long it may be. */
export interface CounterPage {
  /** List only modes after this one, in the order of their UTF-8 bytes. */
  readonly after?: string | undefined;
  /** At most so many. */
  readonly limit?: number | undefined;
}

/**
 * A database of counters. All that differs between databases is behind this interface; the same
 * conformance suite (test/store/conformance.ts) runs against each implementation.
 *
 * Every method throws `UniqueIDError`: `DATABASE_*` where the database cannot do it now (`transient`
 * says whether waiting helps) and `SCHEMA_*` where the tables are not those of this version.
 */
export interface Store {
  /** Where the database is, for people: never holds a password. */
  readonly location: string;

  /** What the database holds of our tables. Changes nothing. */
  readSchema(): Promise<SchemaState>;

  /**
   * Takes one step of the schema's history in one transaction, on the condition that the database still
   * stands where the step begins.
   *
   * @returns `already` where another migrator was first; the database is then at least at `step.to`
   */
  applyStep(step: MigrationStep): Promise<'applied' | 'already'>;

  /**
   * Takes a whole group in one durable commit: one atomic statement a mode, creating missing modes at
   * `firstIndex` for claims that may create them. When the promise is fulfilled the group is on stable storage; when it is rejected,
   * nobody may use any of its integers, because whether it was committed may be unknown.
   *
   * @param claims at most one a mode, sorted by mode, so that two servers never lock in different orders
   * @returns one result a claim, in the same order
   */
  advance(claims: readonly Claim[], firstIndex: bigint): Promise<readonly ClaimResult[]>;

  /** Counters in the order of their modes' UTF-8 bytes. */
  counters(page?: CounterPage): Promise<readonly Counter[]>;

  /** The counters nearest to their end, the highest first; rows that hold no counter are missing. Reads the whole table. */
  highestCounters(limit: number): Promise<readonly Counter[]>;

  /** One counter; `undefined` where the mode has none. */
  counter(mode: string): Promise<Counter | undefined>;

  /** How many modes there are, counted no further than `most`. */
  countModes(most: number): Promise<number>;

  /**
   * Moves counters, all or none. A move forwards goes ahead as long as it is still one; any other needs
   * its counter to be exactly at `from`.
   *
   * @returns the counters that were no longer where they were seen, as they are now; when there are any,
   *   nothing was changed
   */
  moveCounters(moves: readonly CounterMove[]): Promise<readonly Counter[]>;

  /**
   * Raises counters in one transaction, creating the modes that are missing. Nothing is changed when `dryRun` is
   * set, or when the database takes one of the modes for another (`stored` differs from `mode`).
   */
  raiseCounters(minimums: readonly CounterMinimum[], dryRun: boolean): Promise<readonly Raise[]>;

  /** How the table compares modes, whatever the database's default is. */
  comparison(): Promise<Comparison>;

  /**
   * Proves that integers can be allocated now: commits a write to our tables, as durably as an allocation and in the
   * same way. Changes no counter. Gives up in less than two seconds where the database does not answer.
   *
   * @throws UniqueIDError `DATABASE_*` and `SCHEMA_*`: why an allocation would fail
   */
  probe(): Promise<void>;

  /** A text that two stores share only where they are the same database, whatever their URLs say. */
  identity(): Promise<string>;

  facts(): Promise<StoreFacts>;

  /** Lets go of the database; closing twice does no harm. */
  close(): Promise<void>;
}

/** How a store is opened. */
export interface OpenOptions {
  /** Create an empty database where there is none. Only what a person or a flag asked for does so. */
  readonly create?: boolean;
  /** Look only: no statement that writes, no change of a setting that stays in the database. */
  readonly readOnly?: boolean;
  /** How long a network database may take to answer one allocation, in milliseconds, before its connection is given up. */
  readonly answerTimeoutMs?: number;
  /** Keep commits off this thread, where the driver would block it. For servers: starting a thread takes a moment. */
  readonly offThread?: boolean;
}
