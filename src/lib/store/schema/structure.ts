/** The step that mends tables of an engine without transactions. */
export const CONVERT_ENGINE = 'convert the tables to InnoDB';

/** A ground on which a table of counters cannot keep the promises of this program. */
export interface StructureFlaw {
  /** Ends the sentence "The table of counters cannot be used: …". */
  readonly reason: string;
  /** Tells a person what to do, as a whole sentence. */
  readonly hint: string;
  /** The step by which `dbsync` mends it; `undefined` if a person has to. */
  readonly mend?: typeof CONVERT_ENGINE | undefined;
}

/** A table that was altered after it was looked at can reject every row. */
export const alteredFlaw: StructureFlaw = {
  reason: 'it was altered, and its columns do not take what has to be written',
  hint: 'Run "uniqueid status", which tells what is wrong with it.',
};

export interface ColumnStructure {
  readonly name: string;
  /** The type as the database writes it. */
  readonly type: string;
  /** Whether the type keeps every value exactly, as its database judges; read for `id` and `index` alone. */
  readonly isExact: boolean;
  readonly isNullable: boolean;
  readonly hasDefault: boolean;
  /** Whether the database computes the value. */
  readonly isGenerated: boolean;
}

export interface UniqueIndex {
  /** The key's columns; an expression or a part of a column is an empty text. */
  readonly columns: readonly string[];
  /** Whether it covers every row, is in force, and compares as the column does. */
  readonly isWhole: boolean;
}

/** The table of counters as each kind of database can describe it. */
export interface TableStructure {
  readonly columns: readonly ColumnStructure[];
  readonly uniqueIndexes: readonly UniqueIndex[];
  /** The names of triggers that fire for this program's statements. */
  readonly triggers: readonly string[];
}

/** Statements that mend a table, in the words of its database. */
export interface Mends {
  readonly id: string;
  readonly index: string;
  /** Makes a column of this name optional. */
  readonly optional: (name: string) => string;
  readonly unique: string;
  readonly noTrigger: (name: string) => string;
}

/** The advice for a table that no single statement mends. */
export const REBUILD_HINT =
  'Make new tables with "uniqueid dbsync" in an empty database, and set each counter there with "uniqueid reset --to".';

/**
 * Finds what keeps a table from being served exactly.
 *
 * @param allowsNull whether rows without an id are harmless, as in SQLite, where a primary key may be NULL
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
  mend: string,
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
    const demand = name === 'id' ? 'text of variable length that compares exactly' : 'a 64-bit integer';
    return {reason: `its column "${name}" is ${column.type}, not ${demand}`, hint: mend};
  }
  return column.isNullable && !allowsNull
    ? {reason: `its column "${name}" may be NULL`, hint: mend}
    : undefined;
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
    reason: `it has a unique index on ${names} without "id", so one mode can keep another from moving on`,
    hint: 'Drop that index.',
  };
}

function triggerFlaw({triggers}: TableStructure, {noTrigger}: Mends): StructureFlaw | undefined {
  const [name] = triggers;
  return name === undefined
    ? undefined
    : {reason: `its trigger "${name}" can change what is written`, hint: noTrigger(name)};
}

/** A further column is harmless if a row can be written without it. */
function furtherColumnFlaw({columns}: TableStructure, {optional}: Mends): StructureFlaw | undefined {
  const found = columns.find(
    ({name, isNullable, hasDefault, isGenerated}) =>
      name !== 'id' && name !== 'index' && !isNullable && !hasDefault && !isGenerated,
  );
  return found === undefined
    ? undefined
    : {reason: `its column "${found.name}" is NOT NULL and has no default`, hint: optional(found.name)};
}
