import {
  findFlaw,
  REBUILD_HINT,
  type Mends,
  type StructureFlaw,
  type UniqueIndex,
} from '../schema/structure.js';
import type {NativeConnection} from './native.js';

/** A row of `sqlite_master` for one of the tables of UniqueID, or for an index or trigger on one. */
export interface MasterRow {
  readonly type: string;
  readonly name: string;
  readonly table: string;
  readonly sql: string | null;
}

/** Ignores the case of names, as SQLite does. */
export const readMaster = `
  SELECT type, lower(name) AS name, lower(tbl_name) AS "table", sql FROM sqlite_master
  WHERE lower(tbl_name) IN ('uniqueindex', 'uniqueindexsystem')`;

interface ColumnRow {
  readonly name: string;
  readonly type: string;
  readonly notnull: bigint;
  readonly default: string | null;
  readonly keyPosition: bigint;
  readonly hidden: bigint;
}

/** `hidden` is 2 or 3 for a generated column: https://www.sqlite.org/pragma.html#pragma_table_xinfo */
const readColumns = `
  SELECT lower(name) AS name, upper(type) AS type, "notnull", dflt_value AS "default",
    pk AS keyPosition, hidden
  FROM pragma_table_xinfo('uniqueindex') ORDER BY cid`;

interface KeyRow {
  readonly isPartial: bigint;
  /** The columns as a JSON array; `null` for an expression. */
  readonly columns: string;
  readonly collations: string;
}

const readKeys = `
  SELECT list.partial AS isPartial, json_group_array(lower(key.name)) AS columns,
    group_concat(DISTINCT upper(key.coll)) AS collations
  FROM pragma_index_list('uniqueindex') AS list, pragma_index_xinfo(list.name) AS key
  WHERE list."unique" AND key."key" GROUP BY list.name`;

const mends: Mends = {
  id: REBUILD_HINT,
  index: REBUILD_HINT,
  optional: () => REBUILD_HINT,
  unique:
    'Check for modes with more than one row, then run: ' +
    'CREATE UNIQUE INDEX uniqueindex_id ON uniqueindex (id).',
  noTrigger: (name) => `Run: DROP TRIGGER "${name}".`,
};

/** Returns why the table of counters, which may be a view, cannot be served; `undefined` if it can. */
export function readFlaw(
  connection: NativeConnection,
  master: readonly MasterRow[],
): StructureFlaw | undefined {
  const own = master.find(({type, name}) => name === 'uniqueindex' && (type === 'table' || type === 'view'));
  if (own === undefined) return undefined;
  const {type, sql} = own;
  const isVirtual = /^\s*CREATE\s+VIRTUAL/i.test(sql ?? '');
  if (type === 'view' || isVirtual)
    return {
      reason: `it is a ${isVirtual ? 'virtual table' : 'view'}, not an ordinary table`,
      hint: REBUILD_HINT,
    };
  const rows = connection.statement<[], ColumnRow>(readColumns).all();
  const columns = rows.map((row) => ({
    name: row.name,
    type: row.type === '' ? 'without a type' : row.type,
    isExact: row.name === 'id' ? hasTextAffinity(row.type) : row.type.includes('INT'),
    isNullable: row.notnull === 0n,
    hasDefault: row.default !== null,
    isGenerated: row.hidden !== 0n,
  }));
  const triggers = master.filter((each) => each.type === 'trigger' && each.table === 'uniqueindex');
  const uniqueIndexes = [...rowidKey(rows), ...readUniqueIndexes(connection, sql ?? '')];
  return findFlaw({columns, uniqueIndexes, triggers: triggers.map(({name}) => name)}, mends, true);
}

/** https://www.sqlite.org/datatype3.html#determination_of_column_affinity */
function hasTextAffinity(type: string): boolean {
  return !type.includes('INT') && /CHAR|CLOB|TEXT/.test(type);
}

/** Returns the primary key if it is the rowid itself, which has no index. */
function rowidKey(rows: readonly ColumnRow[]): UniqueIndex[] {
  const key = rows.filter(({keyPosition}) => keyPosition > 0n);
  const isRowid = key.length === 1 && key[0]?.type === 'INTEGER';
  return isRowid ? [{columns: key.map(({name}) => name), isWhole: true}] : [];
}

/** Marks an index as not whole if its collation is not the column's: one mode could have two counters. */
function readUniqueIndexes(connection: NativeConnection, tableSql: string): UniqueIndex[] {
  const collation = /\bCOLLATE\s+["'`[]?(\w+)/i.exec(tableSql)?.[1]?.toUpperCase() ?? 'BINARY';
  const rows = connection.statement<[], KeyRow>(readKeys).all();
  return rows.map(({columns, isPartial, collations}) => ({
    columns: (JSON.parse(columns) as readonly (string | null)[]).map((column) => column ?? ''),
    isWhole: isPartial === 0n && collations === collation,
  }));
}
