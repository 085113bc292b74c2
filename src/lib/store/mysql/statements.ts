import {MAX_COUNTER} from '../../core/range.js';
import type {Claim, CounterPage} from '../store.js';

/**
 * A mode as SQL text. In hexadecimal nothing of it can be taken for SQL, in any mode of the server and any
 * character set of the session.
 */
export function literal(mode: string): string {
  return `_utf8mb4 0x${Buffer.from(mode, 'utf8').toString('hex')}`;
}

/** How many statements `advanceStatements` writes for each claim. */
export const STATEMENTS_A_CLAIM = 2;

/**
 * Takes a claim in one atomic statement and reads what came of it, both inside one transaction. The first answers
 * 0 rows where there is no room: adding past 2^63-1 inside LAST_INSERT_ID() would be clamped in silence, so the
 * condition comes before the sum and the value is read from the row.
 */
export function advanceStatements({mode, count, minimum, mayCreate}: Claim, firstIndex: bigint): string {
  const id = literal(mode);
  const hasRoom = `\`index\` BETWEEN ${minimum} AND ${MAX_COUNTER} - ${count}`;
  const take =
    mayCreate && count <= MAX_COUNTER - firstIndex
      ? `INSERT INTO uniqueindex (id, \`index\`) VALUES (${id}, ${firstIndex + count})
         ON DUPLICATE KEY UPDATE \`index\` = IF(${hasRoom}, \`index\` + ${count}, \`index\`)`
      : count <= MAX_COUNTER
        ? `UPDATE uniqueindex SET \`index\` = \`index\` + ${count} WHERE id = ${id} AND ${hasRoom}`
        : 'DO 0';
  return `${take}; ${readCounter(mode)};`;
}

/** In the order of the index, as every server locks them: none waits for one that waits for it. */
export function lockCounters(modes: readonly string[]): string {
  return `${readCounters(modes)} ORDER BY id FOR UPDATE`;
}

/** The rows under their stored spellings. */
export function readCounters(modes: readonly string[]): string {
  return `SELECT id AS mode, \`index\` AS next FROM uniqueindex WHERE id IN (${modes.map(literal).join(', ')})`;
}

/** Writes counters whose rows are locked. */
export function putCounters(counters: readonly {mode: string; next: bigint}[]): string {
  return `${insertCounters(counters)} ON DUPLICATE KEY UPDATE \`index\` = VALUES(\`index\`)`;
}

function insertCounters(counters: readonly {mode: string; next: bigint}[]): string {
  const rows = counters.map(({mode, next}) => `(${literal(mode)}, ${next})`);
  return `INSERT INTO uniqueindex (id, \`index\`) VALUES ${rows.join(', ')}`;
}

export function readCounter(mode: string): string {
  return `SELECT \`index\` AS next FROM uniqueindex WHERE id = ${literal(mode)}`;
}

/** The collation of the modes: one that compares bytes keeps them in their order already. */
export const readCollation = `
  SELECT collation_name AS name FROM information_schema.columns
  WHERE table_schema = DATABASE() AND table_name = 'uniqueindex' AND column_name = 'id'`;

export const readCharset = `
  SELECT character_set_name AS name FROM information_schema.columns
  WHERE table_schema = DATABASE() AND table_name = 'uniqueindex' AND column_name = 'id'`;

/** Modes in hexadecimal as they come back from a character set: not as they went in, if it lacks a character. */
export function throughCharset(modes: readonly string[], charset: string): string {
  const each = modes.map((mode) => `HEX(CONVERT(CONVERT(${literal(mode)} USING ${charset}) USING utf8mb4))`);
  return `SELECT CONCAT_WS(' ', ${each.join(', ')}) AS held`;
}

export function isInByteOrder(collation: string): boolean {
  return /^utf8(?:mb[34])?_(?:\w+_)?bin$/.test(collation);
}

/**
 * In the order of the modes' bytes.
 *
 * @param isOrdered whether the table keeps them so; otherwise all of them have to be sorted
 */
export function listCounters({after, limit}: CounterPage, isOrdered: boolean): string {
  const bytes = isOrdered ? 'id' : 'CONVERT(id USING utf8mb4) COLLATE utf8mb4_bin';
  return `SELECT id AS mode, \`index\` AS next FROM uniqueindex
    WHERE ${after === undefined ? 'TRUE' : `${bytes} > ${literal(after)}`}
    ORDER BY ${bytes} ${limit === undefined ? '' : `LIMIT ${Math.trunc(limit)}`}`;
}

export function highestCounters(limit: number): string {
  return `SELECT id AS mode, \`index\` AS next FROM uniqueindex
    WHERE \`index\` BETWEEN 0 AND ${MAX_COUNTER} ORDER BY \`index\` DESC LIMIT ${Math.trunc(limit)}`;
}

export function countModes(most: number): string {
  return `SELECT COUNT(*) AS count FROM (SELECT 1 FROM uniqueindex LIMIT ${Math.trunc(most)}) AS counted`;
}

/** Raises counters; one that holds no integer of 0 to 2^63-1 is below any. */
export function raiseCounters(minimums: readonly {mode: string; next: bigint}[]): string {
  return `${insertCounters(minimums)} ON DUPLICATE KEY UPDATE \`index\` = GREATEST(COALESCE(\`index\`, 0), VALUES(\`index\`))`;
}

/** The machine, the server's folder and the database: the same through any address. */
export const readIdentity = `SELECT CONCAT_WS(' ', @@hostname, @@port, @@datadir, DATABASE()) AS identity`;

export const readParts = 'SELECT part, value FROM uniqueindexsystem';

export const recordPart =
  'INSERT INTO uniqueindexsystem (part, value) VALUES (?, ?) ON DUPLICATE KEY UPDATE value = VALUES(value)';

/** Needs all that an allocation needs, such as the right to write and a server that lets it, and changes nothing. */
export const touchCounters = 'UPDATE uniqueindex SET `index` = `index` WHERE FALSE';

/** Writes a row that tells nobody anything; each time another value, since what changes nothing is not committed. */
export const writeProbe = `
  INSERT INTO uniqueindexsystem (part, value) VALUES ('probe', 0)
  ON DUPLICATE KEY UPDATE value = IF(value = 0, 1, 0)`;
