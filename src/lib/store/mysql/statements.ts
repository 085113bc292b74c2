import {MAX_COUNTER} from '../../core/range.js';
import type {Claim, CounterPage} from '../store.js';

/**
 * Returns a mode as an SQL literal. In hexadecimal it is safe from SQL injection, in every sql_mode of the
 * server and every character set of the session.
 */
export function literal(mode: string): string {
  return `_utf8mb4 0x${Buffer.from(mode, 'utf8').toString('hex')}`;
}

/** The number of statements that `advanceStatements` returns per claim. */
export const STATEMENTS_A_CLAIM = 2;

/**
 * Returns a statement that takes a claim atomically, and one that reads the result, for one transaction. The
 * first one changes 0 rows if the claim does not fit: the condition precedes the sum. The value is read from
 * the row, because LAST_INSERT_ID(expr) clamps a sum past 2^63-1 without an error.
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

/** Locks rows in the order of the index, like every other server, so that no deadlock arises. */
export function lockCounters(modes: readonly string[]): string {
  return `${readCounters(modes)} ORDER BY id FOR UPDATE`;
}

/** Reads rows with the modes as they are stored. */
export function readCounters(modes: readonly string[]): string {
  const literals = modes.map(literal).join(', ');
  return `SELECT id AS mode, \`index\` AS next FROM uniqueindex WHERE id IN (${literals})`;
}

/** Writes counters whose rows are locked. */
export function putCounters(counters: readonly {mode: string; next: bigint}[]): string {
  return `${insertCounters(counters)} ON DUPLICATE KEY UPDATE \`index\` = VALUES(\`index\`)`;
}

function insertCounters(counters: readonly {mode: string; next: bigint}[]): string {
  const rows = counters.map(({mode, next}) => `(${literal(mode)}, ${next})`);
  return `INSERT INTO uniqueindex (id, \`index\`) VALUES ${rows.join(', ')}`;
}

/** Creates the missing ones of these counters, and locks the others. */
export function createCounters(counters: readonly {mode: string; next: bigint}[]): string {
  return `${insertCounters(counters)} ON DUPLICATE KEY UPDATE \`index\` = \`index\``;
}

export function readCounter(mode: string): string {
  return `SELECT \`index\` AS next FROM uniqueindex WHERE id = ${literal(mode)}`;
}

/** Reads the collation of the modes; one that compares bytes keeps them in byte order. */
export const readCollation = `
  SELECT collation_name AS name FROM information_schema.columns
  WHERE table_schema = DATABASE() AND table_name = 'uniqueindex' AND column_name = 'id'`;

export const readCharset = `
  SELECT character_set_name AS name FROM information_schema.columns
  WHERE table_schema = DATABASE() AND table_name = 'uniqueindex' AND column_name = 'id'`;

/** Converts modes to a character set and back, in hexadecimal; a missing character changes the mode. */
export function throughCharset(modes: readonly string[], charset: string): string {
  const each = modes.map((mode) => `HEX(CONVERT(CONVERT(${literal(mode)} USING ${charset}) USING utf8mb4))`);
  return `SELECT CONCAT_WS(' ', ${each.join(', ')}) AS held`;
}

export function isInByteOrder(collation: string): boolean {
  return /^utf8(?:mb[34])?_(?:\w+_)?bin$/.test(collation);
}

/**
 * Lists counters in the order of their modes' bytes.
 *
 * @param isOrdered true if the table is in that order; otherwise the server sorts all rows
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

export function countModes(limit: number): string {
  return `SELECT COUNT(*) AS count FROM (SELECT 1 FROM uniqueindex LIMIT ${Math.trunc(limit)}) AS counted`;
}

/** Raises counters; a value outside 0 to 2^63-1 counts as lower than any minimum. */
export function raiseCounters(minimums: readonly {mode: string; next: bigint}[]): string {
  return `${insertCounters(minimums)}
    ON DUPLICATE KEY UPDATE \`index\` = GREATEST(COALESCE(\`index\`, 0), VALUES(\`index\`))`;
}

/** Reads the machine, the server's folder and the database, which are the same at any address. */
export const readIdentity = `SELECT CONCAT_WS(' ', @@hostname, @@port, @@datadir, DATABASE()) AS identity`;

export const readParts = 'SELECT part, value FROM uniqueindexsystem';

export const recordPart =
  'INSERT INTO uniqueindexsystem (part, value) VALUES (?, ?) ON DUPLICATE KEY UPDATE value = VALUES(value)';

/**
 * Records a part unless it exists, in a table with a version. Without one, a dump is being loaded into the
 * table, and its row would collide with this one. The key decides, so other errors still appear, unlike with
 * IGNORE.
 */
export const recordNewPart = `
  INSERT INTO uniqueindexsystem (part, value)
  SELECT ?, ? FROM uniqueindexsystem AS version WHERE version.part = 'major'
  ON DUPLICATE KEY UPDATE uniqueindexsystem.value = uniqueindexsystem.value`;

/** Raises the epochs in these parts, inside the transaction of a reset. */
export function raiseEpochs(parts: readonly string[], epoch: number): string {
  const rows = parts.map((part) => `(${literal(part)}, ${Math.trunc(epoch)})`);
  return `INSERT INTO uniqueindexsystem (part, value) VALUES ${rows.join(', ')}
    ON DUPLICATE KEY UPDATE value = GREATEST(value + 1, VALUES(value))`;
}

/**
 * Changes nothing, but needs all that an allocation needs, such as write permission and a writable server.
 */
export const touchCounters = 'UPDATE uniqueindex SET `index` = `index` WHERE FALSE';

/** Writes a meaningless row. The value alternates, because a write that changes nothing is not committed. */
export const writeProbe = `
  INSERT INTO uniqueindexsystem (part, value) VALUES ('probe', 0)
  ON DUPLICATE KEY UPDATE value = IF(value = 0, 1, 0)`;
