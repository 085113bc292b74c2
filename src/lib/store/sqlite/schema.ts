import {interpretSchema, type SchemaState} from '../schema/version.js';
import type {Comparison} from '../store.js';
import type {NativeConnection} from './native.js';
import {readFlaw, readMaster, type MasterRow} from './structure.js';

/** Reads the schema state of a file. */
export function readSchema(connection: NativeConnection): SchemaState {
  const master = connection.statement<[], MasterRow>(readMaster).all();
  const has = (name: string, ...types: readonly string[]): boolean =>
    master.some((row) => row.name === name && types.includes(row.type));
  const hasSystem = has('uniqueindexsystem', 'table');
  const readParts = 'SELECT "part", "value" FROM uniqueindexsystem';
  const rows = hasSystem ? connection.statement<[], {part: string; value: unknown}>(readParts).all() : [];
  return interpretSchema({
    hasCounters: has('uniqueindex', 'table', 'view'),
    hasSystem,
    parts: new Map(rows.map(({part, value}) => [part, value])),
    flaw: readFlaw(connection, master),
  });
}

/** Reads the collation of the primary key, which is that of the column unless declared otherwise by hand. */
export function readComparison(connection: NativeConnection): Comparison {
  const key = connection
    .statement<[], {coll: string}>(
      `SELECT key.coll FROM pragma_index_list('uniqueindex') AS list, pragma_index_xinfo(list.name) AS key
       WHERE list.origin = 'pk' AND key.name = 'id'`,
    )
    .get();
  const name = key?.coll.toUpperCase() ?? 'BINARY';
  return {name, kind: name === 'BINARY' ? 'exact' : name === 'RTRIM' ? 'padded' : 'folding'};
}
