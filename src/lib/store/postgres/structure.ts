import {
  findFlaw,
  REBUILD_HINT,
  type ColumnStructure,
  type Mends,
  type StructureFlaw,
  type UniqueIndex,
} from '../schema/structure.js';

/** The table that statements find by the name `uniqueindex`, as the catalogue describes it. */
export interface PostgresTable {
  readonly kind: string;
  readonly persistence: string;
  readonly isInherited: boolean;
  /** Those of both tables of which row-level security may hide rows from this user. */
  readonly filtered: readonly string[];
  readonly rules: readonly string[];
  readonly triggers: readonly string[];
  readonly columns: readonly ColumnStructure[] | null;
  readonly uniqueIndexes: readonly UniqueIndex[] | null;
}

/** Which tables statements find by their names. */
export interface FoundTables {
  /** The number of `uniqueindex` in the catalogue, and its schema; `null` if it is missing. */
  readonly counters: number | null;
  readonly schema: string | null;
  /** The schema of `uniqueindexsystem`; `null` if that table is missing. */
  readonly systemSchema: string | null;
  /** `null` also on servers that speak the protocol with a catalogue of their own. */
  readonly table: PostgresTable | null;
}

/** Whether a collation compares bytes in the end; PostgreSQL before 12 has no others. */
const comparesBytes = (oid: string): string => `NOT EXISTS (
  SELECT FROM pg_collation AS rule WHERE rule.oid ${oid} AND to_jsonb(rule) ->> 'collisdeterministic' = 'false')`;

/** Types are varchar and text for "id", int8 for "index". Newer columns of the catalogue are read by way of JSON. */
const columns = `SELECT json_agg(json_build_object('name', attname, 'type', format_type(atttypid, atttypmod),
    'isExact', CASE attname WHEN 'id' THEN atttypid IN (1043, 25) AND ${comparesBytes('= attcollation')}
                            ELSE atttypid = 20 END,
    'isNullable', NOT attnotnull,
    'hasDefault', atthasdef OR to_jsonb(a) ->> 'attidentity' <> '',
    'isGenerated', coalesce(to_jsonb(a) ->> 'attgenerated', '') <> ''
      OR attname IN ('id', 'index') AND to_jsonb(a) ->> 'attidentity' <> '') ORDER BY attnum)
  FROM pg_attribute AS a WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped`;

/** An index that is valid only at the end of a transaction cannot tell an INSERT that the row exists. */
const uniqueIndexes = `SELECT json_agg(json_build_object(
    'columns', ARRAY(
      SELECT coalesce(attname, '') FROM unnest(indkey::int2[]) WITH ORDINALITY AS key(number, place)
      LEFT JOIN pg_attribute ON attrelid = indrelid AND attnum = key.number AND attnum > 0
      WHERE place <= coalesce((to_jsonb(i) ->> 'indnkeyatts')::int, indnatts) ORDER BY place),
    'isWhole', indisvalid AND indimmediate AND indpred IS NULL AND ${comparesBytes('= ANY (indcollation::oid[])')}))
  FROM pg_index AS i WHERE indrelid = c.oid AND indisunique`;

/**
 * Both tables in one snapshot. `to_regclass` reads none: each call may see another moment, and even one that the
 * session remembers from before.
 */
const tables = `
  SELECT (array_agg(c.oid) FILTER (WHERE relname = 'uniqueindex'))[1] AS counters,
    (array_agg(nspname::text) FILTER (WHERE relname = 'uniqueindex'))[1] AS "schema",
    (array_agg(c.oid) FILTER (WHERE relname = 'uniqueindexsystem'))[1] AS system,
    (array_agg(nspname::text) FILTER (WHERE relname = 'uniqueindexsystem'))[1] AS "systemSchema"
  FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = relnamespace
  WHERE relname IN ('uniqueindex', 'uniqueindexsystem') AND pg_catalog.pg_table_is_visible(c.oid)`;

/** Reads which of our tables exist, and the structure of the one with the counters, in one statement. */
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

/** For servers that speak the protocol with a catalogue of their own. */
export const findTables = `
  SELECT counters, "schema", "systemSchema", NULL AS "table" FROM (${tables}) AS found`;

const mends: Mends = {
  id: 'Run: ALTER TABLE uniqueindex ALTER COLUMN "id" TYPE varchar(255), ALTER COLUMN "id" SET NOT NULL; check that no two modes become one.',
  index:
    'Stop every writer, check that each value is a whole number, and run: ALTER TABLE uniqueindex ALTER COLUMN "index" TYPE bigint.',
  optional: (name) =>
    `Give it a default, or run: ALTER TABLE uniqueindex ALTER COLUMN "${name}" DROP NOT NULL.`,
  unique: 'Look for modes that stand in two rows, and run: ALTER TABLE uniqueindex ADD PRIMARY KEY ("id").',
  noTrigger: (name) => `Run: DROP TRIGGER "${name}" ON uniqueindex.`,
};

/** What `relkind` says; an ordinary table is `r`. */
const kinds: Readonly<Record<string, string>> = {
  v: 'a view',
  m: 'a materialized view',
  f: 'a foreign table',
  p: 'a partitioned table',
};

/**
 * Finds what keeps the tables from being served.
 *
 * @param usedSchema where the tables were that this process has used; `undefined` before it has used any
 */
export function flawOf(found: FoundTables, usedSchema: string | undefined): StructureFlaw | undefined {
  const {table} = found;
  if (table === null) return placeFlaw(found, usedSchema);
  return kindFlaw(table) ?? placeFlaw(found, usedSchema) ?? findFlaw(structureOf(table), mends, false);
}

/** A schema that comes first in the search path can hide the tables in use, and all counters with them. */
function placeFlaw(
  {schema, systemSchema}: FoundTables,
  usedSchema: string | undefined,
): StructureFlaw | undefined {
  if (schema === null) return undefined;
  if (systemSchema !== null && systemSchema !== schema)
    return {
      reason: `uniqueindex is found in the schema ${schema}, but uniqueindexsystem in ${systemSchema}`,
      hint: 'Set the search_path of the user so that the schema with both tables comes first.',
    };
  if (usedSchema === undefined || usedSchema === schema) return undefined;
  return {
    reason: `uniqueindex is found in the schema ${schema}, but this process has used the one in ${usedSchema}`,
    hint: 'Check which of both holds your counters. Drop or rename the other, or set the search_path of the user and restart.',
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
      hint: 'Drop it, leave pg_temp out of the search_path, or connect without a pooler that shares sessions.',
    };
  if (persistence !== 'p')
    return {
      reason: 'it is UNLOGGED, and a crash empties it',
      hint: 'Run: ALTER TABLE uniqueindex SET LOGGED.',
    };
  if (isInherited) return {reason: 'it inherits from another table, or another from it', hint: REBUILD_HINT};
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
