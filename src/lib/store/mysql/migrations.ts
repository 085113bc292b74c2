import type {StepName} from '../schema/steps.js';
import {CONVERT_ENGINE} from '../schema/structure.js';

/** Collations of MySQL and MariaDB that compare bytes, the best first; the last ignores trailing spaces. */
export const exactCollations = ['utf8mb4_0900_bin', 'utf8mb4_nopad_bin', 'utf8mb4_bin'];

/**
 * Returns statements that create tables as peewee does, except for the collation: with a default one, `file`
 * and `FILE` share a counter. An existing table is never converted, because a counter split in two would
 * start again.
 */
export function migrations(collation: string): Readonly<Record<StepName, readonly string[]>> {
  const table = `ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE ${collation}`;
  const createSystem = `CREATE TABLE IF NOT EXISTS uniqueindexsystem (
    part VARCHAR(255) NOT NULL PRIMARY KEY, value INTEGER NOT NULL) ${table}`;
  return {
    'create the tables': [
      'CREATE TABLE IF NOT EXISTS uniqueindex ' +
        `(id VARCHAR(255) NOT NULL PRIMARY KEY, \`index\` BIGINT NOT NULL) ${table}`,
      createSystem,
    ],
    'record the schema version': [createSystem],
    // Its statements depend on the tables: see `convertTables`.
    [CONVERT_ENGINE]: [],
  };
}
