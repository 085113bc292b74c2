import {statSync} from 'node:fs';
import type Database from 'better-sqlite3';
import {MAX_COUNTER} from '../../allocation/range.js';
import {damagedCounter, isCounterValue} from '../counter-value.js';
import {decideStep, type MigrationStep} from '../schema/steps.js';
import {interpretSchema, type SchemaState} from '../schema/version.js';
import type {
  Advance,
  Claim,
  Counter,
  CounterMove,
  CounterPage,
  OpenOptions,
  Store,
  StoreFacts,
} from '../store.js';
import {openConnection} from './connection.js';
import {fromSqliteError} from './errors.js';
import {migrations} from './migrations.js';
import {prepareStatements, type Statements} from './statements.js';

/** https://www.sqlite.org/pragma.html#pragma_synchronous */
const synchronousNames = ['OFF', 'NORMAL', 'FULL', 'EXTRA'];

/** Opens the SQLite database at `path`, absolute or relative to the working folder. */
export function openSqliteStore(path: string, options: OpenOptions = {}): Store {
  return new SqliteStore(path, openConnection(path, options));
}

/** Counters in one SQLite file, shared by any number of processes on one machine. */
class SqliteStore implements Store {
  readonly location: string;
  readonly #connection: Database.Database;
  #prepared: Statements | undefined;

  constructor(path: string, connection: Database.Database) {
    this.location = path;
    this.#connection = connection;
  }

  readSchema(): Promise<SchemaState> {
    return this.#attempt(() => this.#readSchema());
  }

  applyStep(step: MigrationStep): Promise<'applied' | 'already'> {
    return this.#write(() => {
      if (decideStep(step, this.#readSchema(), this.location) === 'already') return 'already';
      for (const statement of migrations[step.name]) this.#connection.exec(statement);
      const record = this.#connection.prepare(
        `INSERT INTO uniqueindexsystem ("part", "value") VALUES (?, ?)
         ON CONFLICT ("part") DO UPDATE SET "value" = excluded."value"`,
      );
      record.run('major', step.to.major);
      record.run('minor', step.to.minor);
      return 'applied';
    });
  }

  advance(claims: readonly Claim[], firstIndex: bigint): Promise<readonly Advance[]> {
    return this.#write(() => {
      const results: Advance[] = [];
      for (const claim of claims) results.push(this.#take(claim, firstIndex));
      return results;
    });
  }

  counters({after, limit}: CounterPage = {}): Promise<readonly Counter[]> {
    return this.#attempt(() => {
      const rows = this.#statements.list.all(after ?? null, after ?? null, limit ?? -1);
      return rows.map(toCounter);
    });
  }

  counter(mode: string): Promise<Counter | undefined> {
    return this.#attempt(() => {
      const row = this.#statements.read.get(mode);
      return row === undefined ? undefined : toCounter(row);
    });
  }

  moveCounters(moves: readonly CounterMove[]): Promise<readonly Counter[]> {
    return this.#write(() => {
      const moved = moves.flatMap((move) => this.#whereMovedMeanwhile(move));
      if (moved.length === 0) {
        for (const {mode, to} of moves) this.#statements.move.run(to, mode);
      }
      return moved;
    });
  }

  facts(): Promise<StoreFacts> {
    return this.#attempt(() => {
      const version = this.#connection.prepare<[], string>('SELECT sqlite_version()').pluck().get();
      const journal = String(this.#connection.pragma('journal_mode', {simple: true}));
      const synchronous = Number(this.#connection.pragma('synchronous', {simple: true}));
      return {
        product: `SQLite ${version}`,
        sizeBytes: sizeOnDisk(this.location),
        durability: `journal_mode=${journal}, synchronous=${synchronousNames[synchronous]}`,
        warnings: [],
      };
    });
  }

  close(): Promise<void> {
    return this.#attempt(() => {
      this.#connection.close();
    });
  }

  get #statements(): Statements {
    // Not in the constructor: SQLite cannot prepare a statement for a table that is not there yet.
    this.#prepared ??= prepareStatements(this.#connection);
    return this.#prepared;
  }

  #take({mode, count}: Claim, firstIndex: bigint): Advance {
    // What does not fit above firstIndex may still fit a counter that began lower, but never creates one.
    const row =
      count <= MAX_COUNTER - firstIndex
        ? this.#statements.advance.get({mode, count, initial: firstIndex + count})
        : count <= MAX_COUNTER
          ? this.#statements.advanceExisting.get({mode, count})
          : undefined;
    if (row !== undefined) return {next: row.next};
    const stored = this.#statements.read.get(mode);
    if (stored === undefined) return {remaining: MAX_COUNTER - firstIndex};
    if (!isCounterValue(stored.next)) return {error: damagedCounter(mode, this.location)};
    return {remaining: MAX_COUNTER - stored.next};
  }

  #whereMovedMeanwhile({mode, from, to}: CounterMove): readonly Counter[] {
    const row = this.#statements.read.get(mode);
    const now = row === undefined ? undefined : toCounter(row).next;
    const asSeen = row !== undefined && now === from;
    const stillForwards = now !== undefined && from !== undefined && from <= to && now <= to;
    return asSeen || stillForwards ? [] : [{mode, next: now}];
  }

  #readSchema(): SchemaState {
    const tables = this.#connection
      .prepare<[], string>(
        `SELECT name FROM sqlite_master WHERE type = 'table' AND name IN ('uniqueindex', 'uniqueindexsystem')`,
      )
      .pluck()
      .all();
    const hasSystem = tables.includes('uniqueindexsystem');
    const rows = hasSystem
      ? this.#connection
          .prepare<[], {part: string; value: unknown}>('SELECT "part", "value" FROM uniqueindexsystem')
          .all()
      : [];
    return interpretSchema({
      hasCounters: tables.includes('uniqueindex'),
      hasSystem,
      parts: new Map(rows.map(({part, value}) => [part, value])),
    });
  }

  /** Runs `work` in one transaction that takes the write lock first, so that nothing it reads can change. */
  #write<T>(work: () => T): Promise<T> {
    return this.#attempt(() => this.#connection.transaction(work).immediate());
  }

  /** better-sqlite3 answers at once; the interface promises a promise, and errors of ours. */
  #attempt<T>(work: () => T): Promise<T> {
    try {
      return Promise.resolve(work());
    } catch (error) {
      return Promise.reject(fromSqliteError(error, this.location));
    }
  }
}

function toCounter({mode, next}: {mode: string; next: unknown}): Counter {
  return {mode, next: isCounterValue(next) ? next : undefined};
}

/** The file and its write-ahead log. */
function sizeOnDisk(path: string): number {
  return ['', '-wal'].reduce(
    (sum, suffix) => sum + (statSync(path + suffix, {throwIfNoEntry: false})?.size ?? 0),
    0,
  );
}
