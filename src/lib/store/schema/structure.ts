/** The step that repairs tables of an engine without transactions. */
export const CONVERT_ENGINE = 'convert the tables to InnoDB';

/** A reason why a table of counters cannot keep the promises of UniqueID. */
export interface StructureFlaw {
  /** Completes the sentence "The table of counters cannot be used: …". */
  readonly reason: string;
  /** The remedy, as a whole sentence. */
  readonly hint: string;
  /** The step by which `dbsync` repairs it; `undefined` if a person has to. */
  readonly mend?: typeof CONVERT_ENGINE | undefined;
}

/** A table that was altered after its structure was checked can reject every row. */
export const alteredFlaw: StructureFlaw = {
  reason: 'it was altered, and its columns reject what must be written',
  hint: 'Run "uniqueid status" to see what is wrong.',
};

export interface ColumnStructure {
  readonly name: string;
  /** The type as the database spells it. */
  readonly type: string;
  /** True if the type stores every value exactly in this kind of database. Used for `id` and `index` only. */
  readonly isExact: boolean;
  readonly isNullable: boolean;
  readonly hasDefault: boolean;
  /** True if the database computes the value. */
  readonly isGenerated: boolean;
}

export interface UniqueIndex {
  /** The columns of the key; an empty text for an expression or a prefix of a column. */
  readonly columns: readonly string[];
  /** True if it covers every row, is enforced, and compares like its column. */
  readonly isWhole: boolean;
}

/** The structure of the table of counters, in terms common to all databases. */
export interface TableStructure {
  readonly columns: readonly ColumnStructure[];
  readonly uniqueIndexes: readonly UniqueIndex[];
  /** The names of triggers that fire for this program's statements. */
  readonly triggers: readonly string[];
}

/** Repair hints, with the SQL of one kind of database. */
export interface Mends {
  readonly id: string;
  readonly index: string;
  /** For an additional column without a default. */
  readonly optional: (name: string) => string;
  readonly unique: string;
  readonly noTrigger: (name: string) => string;
}

/** The hint for a table that no single statement repairs. */
export const REBUILD_HINT =
  'Create new tables in an empty database with "uniqueid dbsync", ' +
  'then raise each counter with "uniqueid reset --at-least N".';

/**
 * Returns the first reason why a table cannot be served exactly.
 *
 * @param allowsNull true if rows without an id are harmless, as in SQLite, where a primary key may be NULL
 */
export function findFlaw(
  table: TableStructure,
  mends: Mends,
  allowsNull: boolean,
): StructureFlaw | undefined {
  return (
    columnFlaw(table, 'id', mends.id, allowsNull) ??
    columnFlaw(table, 'index', mends.index, true) ??
    keyFlaw(table, mends) ??
    triggerFlaw(table, mends) ??
    furtherColumnFlaw(table, mends)
  );
}

function columnFlaw(
  {columns}: TableStructure,
  name: 'id' | 'index',
  hint: string,
  allowsNull: boolean,
): StructureFlaw | undefined {
  const column = columns.find((each) => each.name === name);
  if (column === undefined) {
    return {
      reason: `it has no column "${name}"`,
      hint: 'Check that this is the database you meant; another program may own this table.',
    };
  }
  if (column.isGenerated) return {reason: `the database computes its column "${name}"`, hint: REBUILD_HINT};
  if (!column.isExact) {
    const needed = name === 'id' ? 'variable-length text with exact comparison' : 'a 64-bit integer';
    return {reason: `its column "${name}" is ${column.type}, not ${needed}`, hint};
  }
  return column.isNullable && !allowsNull ? {reason: `its column "${name}" allows NULL`, hint} : undefined;
}

function keyFlaw({uniqueIndexes}: TableStructure, {unique}: Mends): StructureFlaw | undefined {
  const isKey = ({columns, isWhole}: UniqueIndex): boolean =>
    isWhole && columns.length === 1 && columns[0] === 'id';
  if (!uniqueIndexes.some(isKey)) {
    return {
      reason: 'it has no primary key or unique index on "id" alone, so one mode can have two counters',
      hint: unique,
    };
  }
  const other = uniqueIndexes.find(({columns}) => !columns.includes('id'));
  if (other === undefined) return undefined;
  const names = other.columns.map((name) => (name === '' ? 'an expression' : `"${name}"`)).join(', ');
  return {
    reason: `it has a unique index on ${names} without "id", so one mode can block another`,
    hint: 'Drop that index.',
  };
}

function triggerFlaw({triggers}: TableStructure, {noTrigger}: Mends): StructureFlaw | undefined {
  const [name] = triggers;
  return name === undefined
    ? undefined
    : {reason: `its trigger "${name}" can change what is written`, hint: noTrigger(name)};
}

/** Finds an additional column that every row must set; any other additional column is harmless. */
function furtherColumnFlaw({columns}: TableStructure, {optional}: Mends): StructureFlaw | undefined {
  const found = columns.find(
    ({name, isNullable, hasDefault, isGenerated}) =>
      name !== 'id' && name !== 'index' && !isNullable && !hasDefault && !isGenerated,
  );
  return found === undefined
    ? undefined
    : {reason: `its column "${found.name}" is NOT NULL and has no default`, hint: optional(found.name)};
}
