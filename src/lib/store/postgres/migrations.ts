import type {StepName} from '../schema/steps.js';
import {CONVERT_ENGINE} from '../schema/structure.js';

const system = `uniqueindexsystem ("part" VARCHAR(255) NOT NULL PRIMARY KEY, "value" INTEGER NOT NULL)`;

/**
 * Returns statements that create tables as peewee 3 does from the Python service's models.
 *
 * @param schema the schema of the table of counters; the other table is created there too. `null` if both are
 *   missing: they are then created in the first schema of the search path
 */
export function migrationStatements(name: StepName, schema: string | null): readonly string[] {
  switch (name) {
    case 'create the tables':
      return [
        'CREATE TABLE IF NOT EXISTS uniqueindex ' +
          '("id" VARCHAR(255) NOT NULL PRIMARY KEY, "index" BIGINT NOT NULL)',
        `CREATE TABLE IF NOT EXISTS ${system}`,
      ];
    case 'record the schema version':
      return [`CREATE TABLE IF NOT EXISTS ${schema === null ? '' : `${quoteIdentifier(schema)}.`}${system}`];
    case CONVERT_ENGINE:
      // PostgreSQL has no tables without transactions.
      return [];
  }
}

function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
