import {
  findFlaw,
  REBUILD_HINT,
  type ColumnStructure,
  type Mends,
  type StructureFlaw,
  type UniqueIndex,
} from '../schema/structure.js';

/** The catalogue's description of the table that statements find by the name `uniqueindex`. */
export interface PostgresTable {
  readonly kind: string;
  readonly persistence: string;
  readonly isInherited: boolean;
  /** The tables, of our two, in which row-level security may hide rows from this user. */
  readonly filtered: readonly string[];
  readonly rules: readonly string[];
  readonly triggers: readonly string[];
  readonly columns: readonly ColumnStructure[] | null;
  readonly uniqueIndexes: readonly UniqueIndex[] | null;
}

/** The tables that statements find by their names. */
export interface FoundTables {
  /** The number of `uniqueindex` in the catalogue, and its schema; `null` if it is missing. */
  readonly counters: number | null;
  readonly schema: string | null;
  /** The schema of `uniqueindexsystem`; `null` if that table is missing. */
  readonly systemSchema: string | null;
  /** `null` if `uniqueindex` is missing. */
  readonly table: PostgresTable | null;
}

/** Returns a condition that holds if a collation breaks ties by bytes; before PostgreSQL 12 all did. */
const comparesBytes = (oid: string): string => `NOT EXISTS (
  SELECT FROM pg_collation AS rule
  WHERE rule.oid ${oid} AND to_jsonb(rule) ->> 'collisdeterministic' = 'false')`;

/** Exact types: varchar and text for "id", int8 for "index". JSON gives access to newer catalogue columns. */
const columns = `SELECT json_agg(json_build_object('name', attname, 'type', format_type(atttypid, atttypmod),
    'isExact', CASE attname WHEN 'id' THEN atttypid IN (1043, 25) AND ${comparesBytes('= attcollation')}
                            ELSE atttypid = 20 END,
    'isNullable', NOT attnotnull,
    'hasDefault', atthasdef OR to_jsonb(a) ->> 'attidentity' <> '',
    'isGenerated', coalesce(to_jsonb(a) ->> 'attgenerated', '') <> ''
      OR attname IN ('id', 'index') AND to_jsonb(a) ->> 'attidentity' <> '') ORDER BY attnum)
  FROM pg_attribute AS a WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped`;

/** A deferrable index does not count: it cannot detect during an INSERT that the row exists. */
const uniqueIndexes = `SELECT json_agg(json_build_object(
    'columns', ARRAY(
      SELECT coalesce(attname, '') FROM unnest(indkey::int2[]) WITH ORDINALITY AS key(number, place)
      LEFT JOIN pg_attribute ON attrelid = indrelid AND attnum = key.number AND attnum > 0
      WHERE place <= coalesce((to_jsonb(i) ->> 'indnkeyatts')::int, indnatts) ORDER BY place),
    'isWhole', indisvalid AND indimmediate AND indpred IS NULL
      AND ${comparesBytes('= ANY (indcollation::oid[])')}))
  FROM pg_index AS i WHERE indrelid = c.oid AND indisunique`;

/**
 * Finds both tables in one snapshot. `to_regclass` uses no snapshot: each call may see another moment, even
 * an earlier one from the session's cache.
 */
const tables = `
  SELECT (array_agg(c.oid) FILTER (WHERE relname = 'uniqueindex'))[1] AS counters,
    (array_agg(nspname::text) FILTER (WHERE relname = 'uniqueindex'))[1] AS "schema",
    (array_agg(c.oid) FILTER (WHERE relname = 'uniqueindexsystem'))[1] AS system,
    (array_agg(nspname::text) FILTER (WHERE relname = 'uniqueindexsystem'))[1] AS "systemSchema"
  FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = relnamespace
  WHERE relname IN ('uniqueindex', 'uniqueindexsystem') AND pg_catalog.pg_table_is_visible(c.oid)`;

/** Finds our tables and reads the structure of the one with the counters, in one statement. */
export const readStructure = `
  SELECT counters, "schema", "systemSchema",
    (SELECT json_build_object(
      'kind', relkind, 'persistence', relpersistence,
      'isInherited', EXISTS (SELECT FROM pg_inherits WHERE c.oid IN (inhrelid, inhparent)),
      'filtered', ARRAY(SELECT relname FROM pg_class
        WHERE oid IN (counters, system) AND row_security_active(oid) ORDER BY relname),
      'rules', ARRAY(SELECT rulename FROM pg_rewrite
        WHERE ev_class = c.oid AND rulename <> '_RETURN' AND ev_enabled NOT IN ('D', 'R')),
      'triggers', ARRAY(SELECT tgname FROM pg_trigger
        WHERE tgrelid = c.oid AND NOT tgisinternal AND tgenabled NOT IN ('D', 'R')),
      'columns', (${columns}), 'uniqueIndexes', (${uniqueIndexes}))
    FROM pg_class AS c WHERE c.oid = counters) AS "table"
  FROM (${tables}) AS found`;

const mends: Mends = {
  id:
    'Check that no two modes become one, and run: ' +
    'ALTER TABLE uniqueindex ALTER COLUMN "id" TYPE varchar(255), ALTER COLUMN "id" SET NOT NULL.',
  index:
    'Stop every writer, check that each value is a whole number, and run: ' +
    'ALTER TABLE uniqueindex ALTER COLUMN "index" TYPE bigint.',
  optional: (name) =>
    `Give it a default, or run: ALTER TABLE uniqueindex ALTER COLUMN "${name}" DROP NOT NULL.`,
  unique: 'Check that no mode occurs in two rows, and run: ALTER TABLE uniqueindex ADD PRIMARY KEY ("id").',
  noTrigger: (name) => `Run: DROP TRIGGER "${name}" ON uniqueindex.`,
};

/** Values of `relkind` other than `r`, an ordinary table. */
const kinds: Readonly<Record<string, string>> = {
  v: 'a view',
  m: 'a materialized view',
  f: 'a foreign table',
  p: 'a partitioned table',
};

/**
 * Returns the first flaw that makes the tables unsuitable, or `undefined` if there is none.
 *
 * @param usedSchema schema of the tables that this process has used; `undefined` before it has used any
 */
export function flawOf(found: FoundTables, usedSchema: string | undefined): StructureFlaw | undefined {
  const {table} = found;
  if (table === null) return placeFlaw(found, usedSchema);
  return kindFlaw(table) ?? placeFlaw(found, usedSchema) ?? findFlaw(structureOf(table), mends, false);
}

/**
 * Finds a table, in an earlier schema of the search path, that hides the tables in use and their counters.
 */
function placeFlaw(
  {schema, systemSchema}: FoundTables,
  usedSchema: string | undefined,
): StructureFlaw | undefined {
  if (schema === null) return undefined;
  if (systemSchema !== null && systemSchema !== schema)
    return {
      reason: `uniqueindex is in the schema ${schema}, but uniqueindexsystem is in ${systemSchema}`,
      hint: 'Set the search_path of the user so that the schema with both tables comes first.',
    };
  if (usedSchema === undefined || usedSchema === schema) return undefined;
  return {
    reason: `uniqueindex is now in the schema ${schema}, but this process has used the one in ${usedSchema}`,
    hint:
      'Check which one holds your counters. ' +
      'Drop or rename the other, or set the search_path of the user and restart.',
  };
}

function structureOf({columns, uniqueIndexes, triggers}: PostgresTable): Parameters<typeof findFlaw>[0] {
  return {columns: columns ?? [], uniqueIndexes: uniqueIndexes ?? [], triggers};
}

function kindFlaw(table: PostgresTable): StructureFlaw | undefined {
  const {kind, persistence, isInherited, filtered, rules} = table;
  if (kind !== 'r')
    return {reason: `it is ${kinds[kind] ?? 'no table'}, not an ordinary table`, hint: REBUILD_HINT};
  if (persistence === 't')
    return {
      reason: 'a temporary table hides it',
      hint: 'Drop it, remove pg_temp from search_path, or connect without a pooler that shares sessions.',
    };
  if (persistence !== 'p')
    return {
      reason: 'it is UNLOGGED, so a crash empties it',
      hint: 'Run: ALTER TABLE uniqueindex SET LOGGED.',
    };
  if (isInherited)
    return {reason: 'it inherits from another table, or another inherits from it', hint: REBUILD_HINT};
  const [hidden] = filtered;
  if (hidden !== undefined)
    return {
      reason: `row-level security hides rows of ${hidden} from this user`,
      hint: `Run: ALTER TABLE ${hidden} DISABLE ROW LEVEL SECURITY; or connect as a user with BYPASSRLS.`,
    };
  const [rule] = rules;
  return rule === undefined
    ? undefined
    : {
        reason: `its rule "${rule}" can change what is written`,
        hint: `Run: DROP RULE "${rule}" ON uniqueindex.`,
      };
}
