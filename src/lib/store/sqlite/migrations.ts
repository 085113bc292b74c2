import type {StepName} from '../schema/steps.js';
import {CONVERT_ENGINE} from '../schema/structure.js';

const createSystem =
  'CREATE TABLE IF NOT EXISTS uniqueindexsystem ' +
  '("part" VARCHAR(255) NOT NULL PRIMARY KEY, "value" INTEGER NOT NULL)';

/** Creates the tables that peewee 3 would, so that the Python service can still open the database. */
export const migrations: Readonly<Record<StepName, readonly string[]>> = {
  'create the tables': [
    'CREATE TABLE uniqueindex ("id" VARCHAR(255) NOT NULL PRIMARY KEY, "index" BIGINT NOT NULL)',
    createSystem,
  ],
  'record the schema version': [createSystem],
  // Every SQLite table has transactions.
  [CONVERT_ENGINE]: [],
};
