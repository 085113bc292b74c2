import {MAX_COUNTER} from '../../allocation/range.js';
import type {NativeConnection, Statement} from './native.js';

/** A stored counter as SQLite returns it: INTEGER is a bigint; anything else is damage to be told of. */
interface Row {
  mode: string;
  next: unknown;
}

/** The statements of the store, prepared once a connection. */
export interface Statements {
  /** Moves a counter on by `count` where it stands at `floor` at least. */
  readonly advance: Statement<[count: bigint, mode: string, floor: bigint, count: bigint], bigint>;
  /** Creates a counter. */
  readonly create: Statement<[mode: string, initial: bigint]>;
  readonly read: Statement<[string], Row>;
  readonly list: Statement<[{after: string | null; atLeast: bigint | null; limit: number}], Row>;
  readonly count: Statement<[number], {count: bigint}>;
  readonly move: Statement<[bigint, string]>;
  readonly put: Statement<[string, bigint]>;
}

/** Prepares all statements; needs the tables to be there. */
export function prepareStatements(connection: NativeConnection): Statements {
  return {
    // SQLite turns an integer sum past 2^63-1 into a REAL without an error, so this compares before it adds. The same
    // condition leaves a value of another type, or a negative one, alone.
    advance: connection
      .statement<[bigint, string, bigint, bigint], bigint>(
        `UPDATE uniqueindex SET "index" = "index" + ? WHERE "id" = ?
         AND typeof("index") = 'integer' AND "index" BETWEEN ? AND ${MAX_COUNTER} - ? RETURNING "index"`,
      )
      .pluck(),
    create: connection.statement('INSERT INTO uniqueindex ("id", "index") VALUES (?, ?)'),
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

/** Writes a row that tells nobody anything; each time another value, so that there is something to commit. */
export const writeProbe = `
  INSERT INTO uniqueindexsystem ("part", "value") VALUES ('probe', 0)
  ON CONFLICT ("part") DO UPDATE SET "value" = "value" = 0`;
