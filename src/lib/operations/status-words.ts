import {formatBytes, formatDuration, formatInteger} from '../util/text/numbers.js';
import type {StatusDocument} from './status-document.js';

// Words that `uniqueid status` and the dashboard share. The dashboard runs them in browsers too: this module
// imports nothing of Node.

/** Returns product, size and schema of a database: `SQLite 3.53.2, 20 kB`. */
export function productText({product, sizeBytes, schema}: StatusDocument['database']): string {
  const size = sizeBytes === null ? '' : `, ${formatBytes(sizeBytes)}`;
  // A service of an older version lacks it.
  const place = typeof schema === 'string' ? `, schema ${schema}` : '';
  return `${product}${size}${place}`;
}

export function schemaVerdict({problem}: Pick<StatusDocument['schema'], 'problem'>): string {
  return problem === null ? 'safe to serve' : `not safe to serve: ${problem.message}`;
}

/** Returns the text in place of an empty table. */
export function noModesText({problem}: Pick<StatusDocument['schema'], 'problem'>): string {
  const isUnreadable = problem?.code === 'SCHEMA_TOO_NEW' || problem?.code === 'SCHEMA_DAMAGED';
  return isUnreadable ? 'The modes cannot be read.' : 'No modes yet.';
}

/** @param hasStatus true if older values are shown below */
export function unreachableText(forMs: number, hasStatus: boolean, what = 'Unreachable'): string {
  return `${what} for ${formatDuration(forMs / 1000)}${hasStatus ? '; last known values:' : '.'}`;
}

/** Returns the place of a page in a list: `1–20 of 431 modes`. */
export function positionText(offset: number, shown: number, total: number, hasMore: boolean): string {
  const [first, last, count] = [offset + 1, offset + shown, total].map((value) =>
    formatInteger(BigInt(value)),
  );
  return `${first}–${last} of ${hasMore ? 'the first ' : ''}${count} modes`;
}

/** Returns the text in place of the next index; a row that holds no integer is damaged. */
export function nextText(next: bigint | null): string {
  return next === null ? 'damaged' : formatInteger(next);
}
