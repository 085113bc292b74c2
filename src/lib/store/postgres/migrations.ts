import type {StepName} from '../schema/steps.js';
import {CONVERT_ENGINE} from '../schema/structure.js';

const createSystem = `CREATE TABLE IF NOT EXISTS uniqueindexsystem ("part" VARCHAR(255) NOT NULL PRIMARY KEY, "value" INTEGER NOT NULL)`;

/** Tables as peewee 3 makes them from the Python service's models. */
export const migrations: Readonly<Record<StepName, readonly string[]>> = {
  'create the tables': [
    `CREATE TABLE IF NOT EXISTS uniqueindex ("id" VARCHAR(255) NOT NULL PRIMARY KEY, "index" BIGINT NOT NULL)`,
    createSystem,
  ],
  'record the schema version': [createSystem],
  // Every table here has transactions.
  [CONVERT_ENGINE]: [],
};
