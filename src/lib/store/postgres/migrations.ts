import type {StepName} from '../schema/steps.js';
import {CONVERT_ENGINE} from '../schema/structure.js';

const system = `uniqueindexsystem ("part" VARCHAR(255) NOT NULL PRIMARY KEY, "value" INTEGER NOT NULL)`;

/**
 * Tables as peewee 3 makes them from the Python service's models.
 *
 * @param schema where the table of counters is, and the other belongs; `null` if there is none yet: both are then made in
 *   the first schema of the search path
 */
export function migrationStatements(name: StepName, schema: string | null): readonly string[] {
  switch (name) {
    case 'create the tables':
      return [
        `CREATE TABLE IF NOT EXISTS uniqueindex ("id" VARCHAR(255) NOT NULL PRIMARY KEY, "index" BIGINT NOT NULL)`,
        `CREATE TABLE IF NOT EXISTS ${system}`,
      ];
    case 'record the schema version':
      return [`CREATE TABLE IF NOT EXISTS ${schema === null ? '' : `${quoted(schema)}.`}${system}`];
    case CONVERT_ENGINE:
      // Every table here has transactions.
      return [];
  }
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
