import {MAX_COUNTER} from '../../allocation/range.js';
import type {NativeConnection, Statement} from './native.js';

/** A stored counter as SQLite returns it: INTEGER is a bigint; anything else is damage to be told of. */
interface Row {
  mode: string;
  next: unknown;
}

/** The statements of the store, prepared once a connection. */
export interface Statements {
  readonly advance: Statement<[{mode: string; count: bigint; initial: bigint}], {next: bigint}>;
  readonly advanceExisting: Statement<[{mode: string; count: bigint; floor: bigint}], {next: bigint}>;
  readonly read: Statement<[string], Row>;
  readonly list: Statement<[{after: string | null; atLeast: bigint | null; limit: number}], Row>;
  readonly count: Statement<[number], {count: bigint}>;
  readonly move: Statement<[bigint, string]>;
  readonly put: Statement<[string, bigint]>;
}

/**
 * SQLite turns an integer sum past 2^63-1 into a REAL without an error, so both statements that add
 * compare before they add. The same condition leaves a value of another type, or a negative one, alone.
 */
function hasRoom(floor: string): string {
  return `typeof(uniqueindex."index") = 'integer' AND uniqueindex."index" BETWEEN ${floor} AND ${MAX_COUNTER} - :count`;
}

/** Prepares all statements; needs the tables to be there. */
export function prepareStatements(connection: NativeConnection): Statements {
  return {
    advance: connection.statement(
      `INSERT INTO uniqueindex ("id", "index") VALUES (:mode, :initial)
       ON CONFLICT ("id") DO UPDATE SET "index" = uniqueindex."index" + :count WHERE ${hasRoom('0')}
       RETURNING "index" AS next`,
    ),
    advanceExisting: connection.statement(
      `UPDATE uniqueindex SET "index" = "index" + :count WHERE "id" = :mode AND ${hasRoom(':floor')} RETURNING "index" AS next`,
    ),
    read: connection.statement('SELECT "id" AS mode, "index" AS next FROM uniqueindex WHERE "id" = ?'),
    list: connection.statement(
      `SELECT "id" AS mode, "index" AS next FROM uniqueindex
       WHERE (:after IS NULL OR "id" > :after) AND (:atLeast IS NULL OR "index" >= :atLeast) ORDER BY "id" LIMIT :limit`,
    ),
    count: connection.statement('SELECT COUNT(*) AS count FROM (SELECT 1 FROM uniqueindex LIMIT ?)'),
    put: connection.statement(
      'INSERT INTO uniqueindex ("id", "index") VALUES (?, ?) ON CONFLICT ("id") DO UPDATE SET "index" = excluded."index"',
    ),
    move: connection.statement('UPDATE uniqueindex SET "index" = ? WHERE "id" = ?'),
  };
}
