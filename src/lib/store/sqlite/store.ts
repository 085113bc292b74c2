import {MAX_COUNTER} from '../../core/range.js';
import {findConflict, raised, rejection, toCounter} from '../shared/counter-moves.js';
import {isBackward, raisedClaim} from '../shared/lineage.js';
import {decideStep, type MigrationStep} from '../schema/steps.js';
import {assertServable} from '../schema/verdict.js';
import type {SchemaState} from '../schema/version.js';
import type {
  Claim,
  ClaimResult,
  Comparison,
  Counter,
  CounterMinimum,
  CounterMove,
  CounterPage,
  Lineage,
  OpenOptions,
  Raise,
  Store,
  StoreFacts,
} from '../store.js';
import {DatabaseFile} from './file/database-file.js';
import {fileIdentity, nameWarnings, sizeOnDisk} from './file/file.js';
import {ensureIdentity, raiseEpochs, readLineage} from './lineage.js';
import {highestCounters, listCounters} from './list.js';
import {migrations} from './migrations.js';
import type {NativeConnection} from './native.js';
import {parseRawId} from './row-id.js';
import {readComparison, readSchema} from './schema.js';
import {prepareStatements, writeProbe, type Statements} from './statements.js';

/** https://www.sqlite.org/pragma.html#pragma_synchronous */
const synchronousNames = ['OFF', 'NORMAL', 'FULL', 'EXTRA'];

/** Opens the SQLite database at an absolute path, which all messages name. */
export function openSqliteStore(path: string, options: OpenOptions = {}): Store {
  return new SqliteStore(path, options);
}

/** Stores counters in one SQLite file that any number of processes on one machine can share. */
class SqliteStore implements Store {
  readonly location: string;
  readonly #file: DatabaseFile;
  #prepared: Statements | undefined;
  /** The `PRAGMA schema_version` at which the tables were found servable. */
  #servableSchema: unknown;

  constructor(path: string, options: OpenOptions) {
    this.location = path;
    this.#file = new DatabaseFile(path, options, () => {
      this.#prepared = undefined;
      this.#servableSchema = undefined;
    });
  }

  readSchema(): Promise<SchemaState> {
    return this.#file.read(() => readSchema(this.#connection));
  }

  applyStep(step: MigrationStep): Promise<'applied' | 'already'> {
    return this.#file.write(() => {
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

  advance(claims: readonly Claim[], firstIndex: bigint): Promise<readonly ClaimResult[]> {
    return this.#file.write(() => {
      this.#assertServable();
      this.#file.checkpointPolicy.adaptTo(claims.length);
      const results: ClaimResult[] = [];
      for (const claim of claims) results.push(this.#take(claim, firstIndex));
      return results;
    });
  }

  advanceRaised(
    claims: readonly Claim[],
    firstIndex: bigint,
    epoch: number,
  ): Promise<readonly ClaimResult[] | 'reset'> {
    return this.#file.write(() => {
      this.#assertServable();
      if (readLineage(this.#connection).epoch !== epoch) return 'reset';
      return claims.map((claim) => this.#takeRaised(claim, firstIndex));
    });
  }

  lineage(): Promise<Lineage> {
    return this.#file.read(() => readLineage(this.#connection));
  }

  ensureIdentity(candidate: number): Promise<void> {
    return this.#file.write(() => {
      ensureIdentity(this.#connection, candidate);
    });
  }

  readCounters(modes: readonly string[]): Promise<readonly Counter[]> {
    return this.#file.read(() => modes.flatMap((mode) => this.#counter(mode) ?? []));
  }

  counters(page: CounterPage = {}): Promise<readonly Counter[]> {
    return this.#file.read(() => listCounters(this.#statements, page));
  }

  highestCounters(limit: number): Promise<readonly Counter[]> {
    return this.#file.read(() => highestCounters(this.#statements, limit));
  }

  counter(mode: string): Promise<Counter | undefined> {
    return this.#file.read(() => this.#counter(mode));
  }

  countModes(limit: number): Promise<number> {
    return this.#file.read(() => Number(this.#statements.count.get(limit)?.count ?? 0));
  }

  moveCounters(moves: readonly CounterMove[]): Promise<readonly Counter[]> {
    return this.#file.write(() => {
      const conflicts = moves.flatMap((move) => findConflict(move, this.#counter(move.mode)));
      if (conflicts.length === 0) {
        for (const {mode, to} of moves) this.#move(mode, to);
        if (moves.some(isBackward)) raiseEpochs(this.#connection, moves);
      }
      return conflicts;
    });
  }

  raiseCounters(minimums: readonly CounterMinimum[], dryRun: boolean): Promise<readonly Raise[]> {
    const raiseAll = (): readonly Raise[] =>
      minimums.map((minimum) => {
        const row = this.#statements.read.get(minimum.mode);
        const raise = raised(minimum, row === undefined ? undefined : toCounter(row).next);
        if (!dryRun) this.#statements.put.run(raise.mode, raise.after);
        return {...raise, stored: row?.mode ?? raise.stored};
      });
    if (dryRun) return this.#file.read(raiseAll);
    return this.#file.write(() => {
      this.#connection.execute('SAVEPOINT unraised');
      const raises = raiseAll();
      if (raises.some(({mode, stored}) => mode !== stored)) this.#connection.execute('ROLLBACK TO unraised');
      return raises;
    });
  }

  comparison(): Promise<Comparison> {
    return this.#file.read(() => readComparison(this.#connection));
  }

  probe(): Promise<void> {
    return this.#file.write(() => {
      assertServable(readSchema(this.#connection), this.location);
      this.#connection.statement(writeProbe).run();
    });
  }

  identity(): Promise<string> {
    return this.#file.read(() => `sqlite ${fileIdentity(this.location) ?? ''}`);
  }

  facts(): Promise<StoreFacts> {
    return this.#file.read(() => {
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
    this.#file.close();
    return Promise.resolve();
  }

  get #connection(): NativeConnection {
    return this.#file.connection;
  }

  get #statements(): Statements {
    // Not in the constructor: SQLite cannot prepare a statement for a missing table.
    this.#prepared ??= prepareStatements(this.#connection);
    return this.#prepared;
  }

  #take(claim: Claim, firstIndex: bigint): ClaimResult {
    const {mode, count, minimum, mayCreate} = claim;
    const {advance, read, create} = this.#statements;
    const next = count > MAX_COUNTER ? undefined : advance.get(count, mode, minimum, count);
    if (next !== undefined) return {kind: 'granted', next};
    const found = read.get(mode);
    if (found !== undefined || !mayCreate || count > MAX_COUNTER - firstIndex)
      return rejection(claim, found?.next, firstIndex, this.location);
    create.run(mode, firstIndex + count);
    return {kind: 'granted', next: firstIndex + count};
  }

  #takeRaised(claim: Claim, firstIndex: bigint): ClaimResult {
    const {mode, minimum} = claim;
    const {read, put} = this.#statements;
    const start = minimum > firstIndex ? minimum : firstIndex;
    const found = read.get(mode);
    const result = raisedClaim(claim, found === undefined ? start : found.next, this.location);
    if (result.kind === 'granted') put.run(mode, result.next);
    return result;
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
   * Rejects tables that cannot be served: they may have been altered, or a new connection may lead to another
   * file. Checks again only if `schema_version` has changed, which it reads inside the write transaction.
   */
  #assertServable(): void {
    const schemaVersion = this.#connection.value('PRAGMA schema_version');
    if (schemaVersion === this.#servableSchema) return;
    assertServable(readSchema(this.#connection), this.location);
    this.#servableSchema = schemaVersion;
  }
}
