import {MAX_COUNTER} from '../../core/range.js';
import type {NativeConnection, Statement} from './native.js';
import type {RawId} from './row-id.js';

/** A stored counter as SQLite returns it: a bigint for INTEGER; any other type is damage to report. */
interface Row {
  mode: string;
  next: unknown;
}

/** A row with an id of any type. */
interface ListedRow {
  id: unknown;
  next: unknown;
}

interface ListParameters extends RawId {
  /** 1 if the page includes the id with these bytes, 0 if it starts after it. */
  isFirst: number;
  limit: number;
}

/** The statements of the store, prepared once per connection. */
export interface Statements {
  /** Advances a counter by `count` if it is at least `minimum`. */
  readonly advance: Statement<[count: bigint, mode: string, minimum: bigint, count: bigint], bigint>;
  /** Creates a counter. */
  readonly create: Statement<[mode: string, initial: bigint]>;
  readonly read: Statement<[string], Row>;
  readonly list: Statement<[ListParameters], ListedRow>;
  /** Lists the same page with the bytes of the ids. */
  readonly listRaw: Statement<[ListParameters], RawId & {next: unknown}>;
  readonly highest: Statement<[number], RawId & {next: unknown}>;
  /** Reads a row that no request can name. */
  readonly readRaw: Statement<[RawId], Row>;
  /** Moves the counter of a row that no request can name. */
  readonly moveRaw: Statement<[RawId & {to: bigint}]>;
  readonly count: Statement<[number], {count: bigint}>;
  readonly move: Statement<[bigint, string]>;
  readonly put: Statement<[string, bigint]>;
}

/** Builds an id from its bytes, because a JavaScript string cannot hold text that is not valid UTF-8. */
const rawId = `CASE :type WHEN 'text' THEN CAST(:bytes AS TEXT) ELSE :bytes END`;

/** Selects one page. The first condition uses the index and skips rows without an id: they are no modes. */
const page = `FROM uniqueindex WHERE "id" >= ${rawId} AND (:isFirst OR "id" <> ${rawId})
  ORDER BY "id" LIMIT :limit`;

/** Prepares all statements. The tables must exist. */
export function prepareStatements(connection: NativeConnection): Statements {
  return {
    // SQLite turns an integer sum past 2^63-1 into a REAL without an error, so this compares before it adds.
    // The same condition leaves negative values and values of other types unchanged.
    advance: connection
      .statement<[bigint, string, bigint, bigint], bigint>(
        `UPDATE uniqueindex SET "index" = "index" + ? WHERE "id" = ?
         AND typeof("index") = 'integer' AND "index" BETWEEN ? AND ${MAX_COUNTER} - ? RETURNING "index"`,
      )
      .pluck(),
    create: connection.statement('INSERT INTO uniqueindex ("id", "index") VALUES (?, ?)'),
    read: connection.statement('SELECT "id" AS mode, "index" AS next FROM uniqueindex WHERE "id" = ?'),
    list: connection.statement(`SELECT "id" AS id, "index" AS next ${page}`),
    listRaw: connection.statement(
      `SELECT typeof("id") AS type, CAST("id" AS BLOB) AS bytes, "index" AS next ${page}`,
    ),
    highest: connection.statement(
      `SELECT typeof("id") AS type, CAST("id" AS BLOB) AS bytes, "index" AS next FROM uniqueindex
       WHERE "id" IS NOT NULL AND typeof("index") = 'integer' AND "index" >= 0 ORDER BY "index" DESC LIMIT ?`,
    ),
    readRaw: connection.statement(
      `SELECT '' AS mode, "index" AS next FROM uniqueindex WHERE "id" = ${rawId}`,
    ),
    moveRaw: connection.statement(`UPDATE uniqueindex SET "index" = :to WHERE "id" = ${rawId}`),
    count: connection.statement('SELECT COUNT(*) AS count FROM (SELECT 1 FROM uniqueindex LIMIT ?)'),
    put: connection.statement(
      'INSERT INTO uniqueindex ("id", "index") VALUES (?, ?) ' +
        'ON CONFLICT ("id") DO UPDATE SET "index" = excluded."index"',
    ),
    move: connection.statement('UPDATE uniqueindex SET "index" = ? WHERE "id" = ?'),
  };
}

/** Writes a row without meaning. Its value alternates, so that each probe has a change to commit. */
export const writeProbe = `
  INSERT INTO uniqueindexsystem ("part", "value") VALUES ('probe', 0)
  ON CONFLICT ("part") DO UPDATE SET "value" = "value" = 0`;
