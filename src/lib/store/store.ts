import type {UniqueIDError} from '../core/errors.js';
import type {MigrationStep} from './schema/steps.js';
import type {SchemaState} from './schema/version.js';

/** A claim on `count` integers of one mode, as one contiguous run. */
export interface Claim {
  readonly mode: string;
  /**
   * 0 only raises a counter to `minimum`. The result is `exhausted` if it exceeds what the counter has left.
   */
  readonly count: bigint;
  /** Leaves a counter below this value unchanged: an older database may have replaced this one. */
  readonly minimum: bigint;
  /** Creates the mode if it is missing. */
  readonly mayCreate: boolean;
}

/**
 * The result of one claim. Every kind but `granted` leaves its mode unchanged, without effect on other
 * claims.
 */
export type ClaimResult =
  /** `next` is the counter *after* the claim: the run is `next - count` to `next - 1`, inclusive. */
  | {readonly kind: 'granted'; readonly next: bigint}
  /** Fewer than `count` integers remain; `remaining` is their number at that moment. */
  | {readonly kind: 'exhausted'; readonly remaining: bigint}
  /** The counter is at `found`, below the minimum of the claim. */
  | {readonly kind: 'behind'; readonly found: bigint}
  /** The mode does not exist, and the claim may not create it. */
  | {readonly kind: 'missing'}
  /** The mode cannot be served for the reason in `error`. */
  | {readonly kind: 'rejected'; readonly error: UniqueIDError};

/** A mode and the next integer to issue for it. */
export interface Counter {
  readonly mode: string;
  /** The stored value; `undefined` if the row holds no integer from 0 to 2^63-1. */
  readonly next: bigint | undefined;
}

/** A move of one counter that a person confirmed, based on the value they saw. */
export interface CounterMove {
  readonly mode: string;
  /** The counter when the move was confirmed; `undefined` if the row held no integer. */
  readonly from: bigint | undefined;
  readonly to: bigint;
  /** The high-water mark to which a process of this machine would raise the counter. */
  readonly mark?: {readonly epoch: number; readonly next: bigint} | undefined;
}

/** A counter to raise to `next`; a higher counter stays unchanged. */
export interface CounterMinimum {
  readonly mode: string;
  readonly next: bigint;
}

/** The result of raising one counter. */
export interface Raise {
  readonly mode: string;
  /** The mode as its row spells it; differs from `mode` if the table treats the two spellings as equal. */
  readonly stored: string;
  /** The counter before the call; `undefined` if the mode was missing or its row held no integer. */
  readonly before: bigint | undefined;
  readonly after: bigint;
}

/** Facts that identify a database, and a state of it since the last reset. */
export interface Lineage {
  /** A random number that travels with the data, in a backup too; `undefined` before `ensureIdentity`. */
  readonly identity: number | undefined;
  /** Rises with every reset that moves a counter back; 0 before the first. */
  readonly epoch: number;
  /**
   * The epochs of the modes that resets moved back, by `exactEpochKey` or `foldedEpochKey`. The key `*`
   * counts for all modes.
   */
  readonly modeEpochs: ReadonlyMap<string, number>;
}

/** The way in which a table of counters compares modes. */
export interface Comparison {
  /**
   * - `exact`: byte by byte.
   * - `padded`: ignores spaces at the end.
   * - `folding`: also ignores other differences, such as case, accents, width or zero-width characters, so
   *   that several spellings share one counter.
   */
  readonly kind: 'exact' | 'padded' | 'folding';
  /** The collation or type that decides, as the database names it. */
  readonly name: string;
}

/** Facts about a database for its operator. */
export interface StoreFacts {
  /** `sqlite`, `postgresql` or `mysql`, by the protocol in use. */
  readonly kind: string;
  /** Product and version, such as `SQLite 3.50.2`. */
  readonly product: string;
  /** The schema that holds the tables in use; `undefined` if there are no schemas or no tables. */
  readonly schema?: string | undefined;
  /** Size of the data in bytes; `undefined` if the database does not report it. */
  readonly sizeBytes: number | undefined;
  /** The settings that decide whether a commit survives power loss, as the database names them. */
  readonly durability: string;
  /** Conditions that weaken a promise of UniqueID, one sentence each. */
  readonly warnings: readonly string[];
}

/** One page of a listing of counters. */
export interface CounterPage {
  /** Lists only modes after this one, in the order of their UTF-8 bytes. */
  readonly after?: string | undefined;
  /** Lists at most this number of counters. */
  readonly limit?: number | undefined;
}

/**
 * A database of counters. This interface hides all differences between databases; one conformance suite runs
 * against every implementation.
 *
 * Every method rejects its promise with a `UniqueIDError` if it fails:
 * - `DATABASE_*` if the database cannot serve the call now; `transient` says whether waiting helps.
 * - `SCHEMA_*` if the tables do not match this version.
 */
export interface Store {
  /** Path or URL of the database, for messages; never holds a password. */
  readonly location: string;

  /** Reads which version of the tables the database holds. Changes nothing. */
  readSchema(): Promise<SchemaState>;

  /**
   * Applies one migration step in one transaction, provided the database is still at the version `step.from`.
   *
   * @returns `already` if another migrator was first; the database is then at least at `step.to`
   */
  applyStep(step: MigrationStep): Promise<'applied' | 'already'>;

  /**
   * Serves claims in one durable commit that moves each counter atomically. Creates missing modes at
   * `firstIndex` for claims that may create them.
   *
   * When the promise is fulfilled, the batch is on stable storage. If it is rejected, the commit may or may
   * not have happened: the caller must not use any integer of the batch.
   *
   * @param claims at most one per mode, sorted by mode so that all servers lock rows in the same order
   * @returns one result per claim, in the same order
   */
  advance(claims: readonly Claim[], firstIndex: bigint): Promise<readonly ClaimResult[]>;

  /**
   * Serves claims like `advance`, but first raises a counter below the minimum of its claim to that minimum,
   * and creates a missing mode there. A count of 0 only raises. Changes nothing if a reset came in between.
   *
   * @param epoch the epoch for which the caller decided to raise
   * @returns `reset` if the database has another epoch
   */
  advanceRaised(
    claims: readonly Claim[],
    firstIndex: bigint,
    epoch: number,
  ): Promise<readonly ClaimResult[] | 'reset'>;

  /** Reads the identity and the epochs. */
  lineage(): Promise<Lineage>;

  /**
   * Records an identity if the database has none.
   *
   * @param candidate a random number from 1 to 2^31-1
   * @throws UniqueIDError also if this user may not write the table of system parts
   */
  ensureIdentity(candidate: number): Promise<void>;

  /** Reads several counters in one statement; omits missing modes. A failover preserves what it returns. */
  readCounters(modes: readonly string[]): Promise<readonly Counter[]>;

  /** Lists counters in the order of the UTF-8 bytes of their modes. */
  counters(page?: CounterPage): Promise<readonly Counter[]>;

  /** Lists the highest counters, highest first. Omits rows that hold no counter. Reads the whole table. */
  highestCounters(limit: number): Promise<readonly Counter[]>;

  /** Reads one counter; `undefined` if the mode does not exist. */
  counter(mode: string): Promise<Counter | undefined>;

  /** Counts the modes, but stops at `limit`. */
  countModes(limit: number): Promise<number>;

  /**
   * Moves counters, all or none. A forward move goes ahead if `to` is still at or above the counter. Any
   * other move requires the counter to equal `from`. A move back or below a mark also raises the epoch, above
   * that of the mark, and notes it for its mode. All this is one transaction.
   *
   * @returns the counters in conflict, with their current values; if there are any, nothing was changed
   */
  moveCounters(moves: readonly CounterMove[]): Promise<readonly Counter[]>;

  /**
   * Raises counters in one transaction and creates missing modes. Changes nothing if `dryRun` is set, or if
   * the database stores one of the modes under another spelling (`stored` differs from `mode`).
   */
  raiseCounters(minimums: readonly CounterMinimum[], dryRun: boolean): Promise<readonly Raise[]>;

  /** Reads how the table of counters compares modes, whatever the default of the database is. */
  comparison(): Promise<Comparison>;

  /**
   * Proves that integers can be allocated now: commits a write to the tables, as durably as an allocation and
   * in the same way. Changes no counter. Gives up in less than two seconds if the database does not answer.
   *
   * @throws UniqueIDError `DATABASE_*` or `SCHEMA_*`: the reason why an allocation would fail
   */
  probe(): Promise<void>;

  /** Returns a text that two stores share only if they use the same database, whatever their URLs say. */
  identity(): Promise<string>;

  facts(): Promise<StoreFacts>;

  /** Closes the database. A second call has no effect. */
  close(): Promise<void>;
}

/** Options for opening a store. */
export interface OpenOptions {
  /** Creates an empty database if none exists. Set this only if a person or a flag asked for it. */
  readonly create?: boolean;
  /** Only reads: runs no statement that writes, and changes no setting that persists in the database. */
  readonly readOnly?: boolean;
  /** Milliseconds for a network database to answer one allocation, before its connection is dropped. */
  readonly answerTimeoutMs?: number;
  /**
   * Commits on another thread if the driver would block this one. For servers: a thread takes time to start.
   */
  readonly offThread?: boolean;
}
