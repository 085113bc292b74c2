import type {StepName} from '../schema/steps.js';
import {CONVERT_ENGINE} from '../schema/structure.js';

/** Collations that compare bytes and keep spaces at the end, MySQL's and MariaDB's, the better one first. */
export const exactCollations = ['utf8mb4_0900_bin', 'utf8mb4_nopad_bin', 'utf8mb4_bin'];

/**
 * Tables as peewee makes them, but for the collation: the default ones take `file` and `FILE` for one counter. A
 * table that is there already is never converted: a counter that split in two would start again.
 */
export function migrations(collation: string): Readonly<Record<StepName, readonly string[]>> {
  const table = `ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE ${collation}`;
  const createSystem = `CREATE TABLE IF NOT EXISTS uniqueindexsystem (
    part VARCHAR(255) NOT NULL PRIMARY KEY, value INTEGER NOT NULL) ${table}`;
  return {
    'create the tables': [
      `CREATE TABLE IF NOT EXISTS uniqueindex (id VARCHAR(255) NOT NULL PRIMARY KEY, \`index\` BIGINT NOT NULL) ${table}`,
      createSystem,
    ],
    'record the schema version': [createSystem],
    // Which tables it takes is told by a look at them: `convertTables`.
    [CONVERT_ENGINE]: [],
  };
}
