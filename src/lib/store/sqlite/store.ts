import {MAX_COUNTER} from '../../core/range.js';
import {UniqueIDError} from '../../core/errors.js';
import {movedMeanwhile, raised, refusal, toCounter} from '../shared/counter-moves.js';
import {decideStep, type MigrationStep} from '../schema/steps.js';
import {assertServable, schemaProblem} from '../schema/verdict.js';
import type {SchemaState} from '../schema/version.js';
import type {
  Advance,
  Claim,
  Comparison,
  Counter,
  CounterMove,
  CounterPage,
  Floor,
  OpenOptions,
  Raise,
  Store,
  StoreFacts,
} from '../store.js';
import {openConnection} from './connection.js';
import {fromSqliteError, isFull} from './errors.js';
import {fileIdentity, isWritable, nameWarnings, sizeOnDisk} from './file/file.js';
import {highestCounters, listCounters} from './list.js';
import type {LogSize} from './file/checkpoint-policy.js';
import {migrations} from './migrations.js';
import type {NativeConnection} from './native.js';
import {parseRawId} from './row-id.js';
import {readComparison, readSchema} from './schema.js';
import {prepareStatements, writeProbe, type Statements} from './statements.js';

/** https://www.sqlite.org/pragma.html#pragma_synchronous */
const synchronousNames = ['OFF', 'NORMAL', 'FULL', 'EXTRA'];

/** Opens the SQLite database at `path`, absolute or relative to the working folder. */
export function openSqliteStore(path: string, options: OpenOptions = {}): Store {
  return new SqliteStore(path, options);
}

/** Counters in one SQLite file, shared by any number of processes on one machine. */
class SqliteStore implements Store {
  readonly location: string;
  readonly #options: OpenOptions;
  #connection: NativeConnection;
  #logSize: LogSize;
  #file: string | undefined;
  #isStuckReadOnly = false;
  #isDisconnected = false;
  #prepared: Statements | undefined;
  /** The number of the schema in which the tables were found to be servable. */
  #servable: unknown;

  constructor(path: string, options: OpenOptions) {
    this.location = path;
    this.#options = options;
    ({connection: this.#connection, logSize: this.#logSize} = openConnection(path, options));
    this.#file = fileIdentity(path);
  }

  readSchema(): Promise<SchemaState> {
    return this.#attempt(() => readSchema(this.#connection));
  }

  applyStep(step: MigrationStep): Promise<'applied' | 'already'> {
    return this.#write(() => {
      if (decideStep(step, readSchema(this.#connection), this.location) === 'already') return 'already';
      for (const statement of migrations[step.name]) this.#connection.execute(statement);
      const record = this.#connection.statement<[string, number], unknown>(
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
      this.#assertServable();
      this.#logSize.suit(claims.length);
      const results: Advance[] = [];
      for (const claim of claims) results.push(this.#take(claim, firstIndex));
      return results;
    });
  }

  counters(page: CounterPage = {}): Promise<readonly Counter[]> {
    return this.#attempt(() => listCounters(this.#statements, page));
  }

  highestCounters(limit: number): Promise<readonly Counter[]> {
    return this.#attempt(() => highestCounters(this.#statements, limit));
  }

  counter(mode: string): Promise<Counter | undefined> {
    return this.#attempt(() => this.#counter(mode));
  }

  countModes(most: number): Promise<number> {
    return this.#attempt(() => Number(this.#statements.count.get(most)?.count ?? 0));
  }

  moveCounters(moves: readonly CounterMove[]): Promise<readonly Counter[]> {
    return this.#write(() => {
      const moved = moves.flatMap((move) => movedMeanwhile(move, this.#counter(move.mode)));
      if (moved.length === 0) {
        for (const {mode, to} of moves) this.#move(mode, to);
      }
      return moved;
    });
  }

  raiseCounters(floors: readonly Floor[], dryRun: boolean): Promise<readonly Raise[]> {
    const raiseAll = (): readonly Raise[] =>
      floors.map((floor) => {
        const row = this.#statements.read.get(floor.mode);
        const raise = raised(floor, row === undefined ? undefined : toCounter(row).next);
        if (!dryRun) this.#statements.put.run(raise.mode, raise.after);
        return {...raise, stored: row?.mode ?? raise.stored};
      });
    if (dryRun) return this.#attempt(raiseAll);
    return this.#write(() => {
      this.#connection.execute('SAVEPOINT unraised');
      const raises = raiseAll();
      if (raises.some(({mode, stored}) => mode !== stored)) this.#connection.execute('ROLLBACK TO unraised');
      return raises;
    });
  }

  comparison(): Promise<Comparison> {
    return this.#attempt(() => readComparison(this.#connection));
  }

  probe(): Promise<void> {
    return this.#write(() => {
      assertServable(readSchema(this.#connection), this.location);
      this.#connection.statement(writeProbe).run();
    });
  }

  identity(): Promise<string> {
    return this.#attempt(() => `sqlite ${fileIdentity(this.location) ?? ''}`);
  }

  facts(): Promise<StoreFacts> {
    return this.#attempt(() => {
      const version = String(this.#connection.value('SELECT sqlite_version()'));
      const journal = String(this.#connection.value('PRAGMA journal_mode'));
      const synchronous = Number(this.#connection.value('PRAGMA synchronous'));
      return {
        kind: 'sqlite',
        product: `SQLite ${version}`,
        sizeBytes: sizeOnDisk(this.location),
        durability: `journal_mode=${journal}, synchronous=${synchronousNames[synchronous]}`,
        warnings: nameWarnings(this.location),
      };
    });
  }

  close(): Promise<void> {
    this.#connection.close();
    return Promise.resolve();
  }

  get #statements(): Statements {
    // Not in the constructor: SQLite cannot prepare a statement for a table that is not there yet.
    this.#prepared ??= prepareStatements(this.#connection);
    return this.#prepared;
  }

  #take(claim: Claim, firstIndex: bigint): Advance {
    const {mode, count, floor} = claim;
    const {advance, read, create} = this.#statements;
    const next = count > MAX_COUNTER ? undefined : advance.get(count, mode, floor ?? 0n, count);
    if (next !== undefined) return {next};
    const found = read.get(mode);
    if (found !== undefined || floor !== undefined || count > MAX_COUNTER - firstIndex)
      return refusal(claim, found?.next, firstIndex, this.location);
    create.run(mode, firstIndex + count);
    return {next: firstIndex + count};
  }

  #counter(mode: string): Counter | undefined {
    const raw = parseRawId(mode);
    const row = this.#statements.read.get(mode) ?? (raw && this.#statements.readRaw.get(raw));
    return row === undefined ? undefined : toCounter({mode, next: row.next});
  }

  #move(mode: string, to: bigint): void {
    const raw = parseRawId(mode);
    if (this.#statements.move.run(to, mode).changes === 0 && raw !== undefined)
      this.#statements.moveRaw.run({...raw, to});
  }

  /**
   * Rejects tables that cannot be served: they may have been altered, or the connection may be a new one to another
   * file. The number of the schema, read while nobody else writes, tells when to look again.
   */
  #assertServable(): void {
    const schema = this.#connection.value('PRAGMA schema_version');
    if (schema === this.#servable) return;
    const problem = schemaProblem(readSchema(this.#connection), this.location);
    if (problem !== undefined) throw problem;
    this.#servable = schema;
  }

  #write<T>(work: () => T): Promise<T> {
    return this.#attempt(() => {
      try {
        return this.#connection.writing(work);
      } catch (error) {
        // What failed for want of space is undone. Once the log is in the database it is written from its beginning again.
        if (!isFull(error) || !this.#copyLog()) throw error;
        return this.#connection.writing(work);
      }
    });
  }

  /** Copies the write-ahead log into the database, which takes no space for pages that are there; `false` where it could not. */
  #copyLog(): boolean {
    const [{log, checkpointed} = {log: 0n, checkpointed: 0n}] = this.#connection
      .statement<[], {log: bigint; checkpointed: bigint}>('PRAGMA wal_checkpoint(PASSIVE)')
      .all();
    return log > 0n && checkpointed === log;
  }

  /**
   * Another file may have been put in the place of the one that was opened, such as a backup: what is committed to
   * the old one nobody would ever see again. The old connection is left alone, since SQLite would remove the log of
   * the new file when it closes it (https://www.sqlite.org/howtocorrupt.html#_unlinking_or_renaming_a_database_file_while_in_use).
   */
  #followFile(): void {
    const file = fileIdentity(this.location);
    if (file === this.#file) return;
    this.#reconnect();
    this.#file = file;
  }

  /**
   * SQLite opens a file that cannot be written to read it, and never asks again: once the disk or the permissions are
   * mended, only a new connection writes. The old one is closed first, since all of one process share what they know
   * of the log.
   */
  #leaveReadOnly(): void {
    if (this.#isStuckReadOnly && isWritable(this.location)) {
      this.#connection.close();
      this.#isDisconnected = true;
    }
    if (this.#isDisconnected) this.#reconnect();
  }

  #reconnect(): void {
    const options = {...this.#options, create: false};
    ({connection: this.#connection, logSize: this.#logSize} = openConnection(this.location, options));
    this.#prepared = undefined;
    this.#servable = undefined;
    this.#isStuckReadOnly = false;
    this.#isDisconnected = false;
  }

  /** better-sqlite3 answers at once; the interface promises a promise, and errors of ours. */
  #attempt<T>(work: () => T): Promise<T> {
    try {
      this.#followFile();
      this.#leaveReadOnly();
      return Promise.resolve(work());
    } catch (error) {
      const failure = fromSqliteError(error, this.location);
      const isReadOnly = failure instanceof UniqueIDError && failure.code === 'DATABASE_READ_ONLY';
      this.#isStuckReadOnly = isReadOnly && this.#options.readOnly !== true;
      return Promise.reject(failure);
    }
  }
}
