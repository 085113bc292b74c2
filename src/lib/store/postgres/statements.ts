import {MAX_COUNTER} from '../../core/range.js';
import {IDLE_TRANSACTION_S} from '../shared/network-store.js';

/**
 * Makes this transaction durable before its answer, whatever the defaults of server, database and role. The
 * server also has to report a commit that no standby confirmed. This is part of the statement itself, because
 * a pooler may send each statement on another connection.
 */
const durable = `SELECT set_config('client_min_messages', 'warning', true),
  set_config('synchronous_commit',
  CASE WHEN current_setting('synchronous_commit') IN ('off', 'local', 'remote_write') THEN 'on'
       ELSE current_setting('synchronous_commit') END, true)`;

/**
 * The first statement of a transaction with several. The server ends it if its client becomes silent, because
 * its locks stop other servers.
 */
export const beginDurable = `${durable},
  set_config('idle_in_transaction_session_timeout', '${IDLE_TRANSACTION_S}s', true)`;

const claims = `unnest($1::text[], $2::bigint[], $4::bigint[], $5::boolean[])
      WITH ORDINALITY AS claim(mode, count, minimum, may_create, position)`;

/**
 * Checks the minimum before the rows are locked. That is safe: only a reset or a restore lowers a counter in
 * between, and the allocator compares each granted range with the mark again.
 */
const isAdmissible = `COALESCE(
      (SELECT known."index" >= claim.minimum FROM uniqueindex AS known WHERE known."id" = claim.mode),
      claim.may_create)`;

/**
 * One atomic statement for a whole batch. It locks rows in the order of the claims, which is the same on all
 * servers. Counters that are exhausted, below the minimum or invalid stay unchanged and are missing from the
 * answer.
 */
export const advance = `WITH durable AS (${durable})
    INSERT INTO uniqueindex AS counter ("id", "index")
    SELECT claim.mode, claim.count + $3::bigint
    FROM durable, ${claims}
    WHERE ${isAdmissible} ORDER BY claim.position
    ON CONFLICT ("id") DO UPDATE SET "index" = counter."index" + (excluded."index" - $3::bigint)
      WHERE counter."index" BETWEEN 0 AND ${MAX_COUNTER} - (excluded."index" - $3::bigint)
    RETURNING "id" AS mode, "index" AS next, counter.tableoid AS "table"`;

/** The statement for an existing mode, also with a count that does not fit above the first index. */
export const advanceExisting = `WITH durable AS (${durable})
    UPDATE uniqueindex SET "index" = "index" + $2::bigint FROM durable
    WHERE "id" = $1 AND "index" BETWEEN $3::bigint AND ${MAX_COUNTER} - $2::bigint
    RETURNING "id" AS mode, "index" AS next, uniqueindex.tableoid AS "table"`;

/** Reads the size of the table with this number, in pages; it is null if there is no such table. */
export const tableSize = `
  SELECT (pg_relation_size($1::oid) / current_setting('block_size')::bigint)::int AS pages`;

/** Without a cast, so that the mode takes the type of the column, which may be case-insensitive. */
export const readCounter = 'SELECT "id" AS mode, "index" AS next FROM uniqueindex WHERE "id" = $1';

export const readCounters =
  'SELECT "id" AS mode, "index" AS next FROM uniqueindex WHERE "id" = ANY($1::text[])';

/** Also reads whether commits need a standby: rows may be of commits that no standby has confirmed. */
export const readConfirmable = `
  SELECT "id" AS mode, "index" AS next,
    COALESCE(current_setting('synchronous_standby_names', true), '') <> '' AS "needsStandby"
  FROM uniqueindex WHERE "id" = ANY($1::text[])`;

export const lockCounters = `${readCounters} ORDER BY "id" FOR UPDATE`;

/** Sorts by the bytes of the modes, independent of the database's collation. */
export const listCounters = `
  SELECT "id" AS mode, "index" AS next FROM uniqueindex
  WHERE $1::text IS NULL OR "id" COLLATE "C" > $1::text
  ORDER BY "id" COLLATE "C" LIMIT $2::bigint`;

export const highestCounters =
  'SELECT "id" AS mode, "index" AS next FROM uniqueindex ' +
  'WHERE "index" >= 0 ORDER BY "index" DESC LIMIT $1::bigint';

export const countModes =
  'SELECT count(*)::int AS count FROM (SELECT 1 FROM uniqueindex LIMIT $1::bigint) AS counted';

export const moveCounters = `
  UPDATE uniqueindex AS counter SET "index" = move.next
  FROM unnest($1::text[], $2::bigint[]) AS move(mode, next) WHERE counter."id" = move.mode`;

/** Creates the missing ones of these counters, in the order in which all servers lock rows. */
export const createCounters = `
  INSERT INTO uniqueindex ("id", "index")
  SELECT start.mode, start.next FROM unnest($1::text[], $2::bigint[]) AS start(mode, next)
  ORDER BY start.mode
  ON CONFLICT ("id") DO NOTHING`;

/** Raises counters. The caller has locked the rows in the order of the modes before it read them. */
export const putCounters = `
  INSERT INTO uniqueindex AS counter ("id", "index")
  SELECT minimum.mode, minimum.next FROM unnest($1::text[], $2::bigint[]) AS minimum(mode, next)
  ORDER BY minimum.mode
  ON CONFLICT ("id") DO UPDATE SET "index" = GREATEST(counter."index", excluded."index")`;

export const readParts = 'SELECT "part", "value" FROM uniqueindexsystem';

export const recordPart = `
  INSERT INTO uniqueindexsystem ("part", "value") VALUES ($1, $2::integer)
  ON CONFLICT ("part") DO UPDATE SET "value" = excluded."value"`;

/** Without a version, a dump is being loaded into the table, and its row would collide with this one. */
export const recordIdentity = `
  INSERT INTO uniqueindexsystem ("part", "value")
  SELECT $1, $2::integer FROM uniqueindexsystem WHERE "part" = 'major'
  ON CONFLICT ("part") DO NOTHING`;

/** Raises the epochs in these parts, inside the transaction of a reset. */
export const raiseEpochs = `
  INSERT INTO uniqueindexsystem AS system ("part", "value")
  SELECT part, $2::integer FROM unnest($1::text[]) AS part
  ON CONFLICT ("part") DO UPDATE SET "value" = GREATEST(system."value" + 1, excluded."value")`;

/**
 * Changes nothing, but needs all that an allocation needs, such as write permission and a writable server.
 */
export const touchCounters = 'UPDATE uniqueindex SET "index" = "index" WHERE false';

/** Writes a meaningless row as durably as an allocation. */
export const writeProbe = `WITH durable AS (${durable})
    INSERT INTO uniqueindexsystem AS system ("part", "value")
    SELECT 'probe', 0 FROM durable
    ON CONFLICT ("part") DO UPDATE SET "value" = CASE system."value" WHEN 0 THEN 1 ELSE 0 END`;
