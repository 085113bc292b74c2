import {interpretSchema, type SchemaState} from '../schema/version.js';
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
