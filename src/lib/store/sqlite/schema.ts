import {interpretSchema, type SchemaState} from '../schema/version.js';
import type {Comparison} from '../store.js';
import type {NativeConnection} from './native.js';

/** What a file holds of our tables. */
export function readSchema(connection: NativeConnection): SchemaState {
  const tables = connection
    .statement<[], {name: string}>(
      `SELECT name FROM sqlite_master WHERE type = 'table' AND name IN ('uniqueindex', 'uniqueindexsystem')`,
    )
    .all()
    .map(({name}) => name);
  const hasSystem = tables.includes('uniqueindexsystem');
  const readParts = 'SELECT "part", "value" FROM uniqueindexsystem';
  const rows = hasSystem ? connection.statement<[], {part: string; value: unknown}>(readParts).all() : [];
  return interpretSchema({
    hasCounters: tables.includes('uniqueindex'),
    hasSystem,
    parts: new Map(rows.map(({part, value}) => [part, value])),
  });
}

/** The primary key's index compares modes as the column does, unless somebody declared it otherwise by hand. */
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
