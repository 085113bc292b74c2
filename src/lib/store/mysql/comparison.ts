import type {PoolConnection, RowDataPacket} from 'mysql2/promise';
import type {Comparison} from '../store.js';
import {readCollation} from './statements.js';

/** Reads how the column of modes compares them: it may have another collation than the table and the database. */
export async function readComparison(connection: PoolConnection): Promise<Comparison> {
  const [[column]] = await connection.query<RowDataPacket[]>(readCollation);
  const name: unknown = column?.['name'];
  // A column of bytes has no collation.
  return typeof name === 'string' ? {name, kind: kindOf(name)} : {name: 'binary', kind: 'exact'};
}

/** Collations named `_cs` fold too: those of Unicode ignore characters without width. */
function kindOf(collation: string): Comparison['kind'] {
  if (collation === 'binary') return 'exact';
  if (!collation.endsWith('_bin')) return 'folding';
  return /_(?:nopad|0900)_/.test(collation) ? 'exact' : 'padded';
}
