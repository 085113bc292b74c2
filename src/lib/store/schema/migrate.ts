import type {Store} from '../store.js';
import {stepsFrom, type MigrationStep} from './steps.js';
import {assertMigratable} from './verdict.js';
import {describeState} from './version.js';

/** The steps of a migration, planned before the database is changed. */
export interface MigrationPlan {
  /** The version before the migration, in words: `none`, `0.0`, `1.0`. */
  readonly before: string;
  readonly steps: readonly MigrationStep[];
}

/**
 * Reads the schema version of a database and plans the missing steps.
 *
 * @throws UniqueIDError `SCHEMA_TOO_NEW`, `SCHEMA_DAMAGED` or `SCHEMA_UNSUITABLE`: `dbsync` must not touch it
 */
export async function planMigration(store: Store): Promise<MigrationPlan> {
  const state = await store.readSchema();
  assertMigratable(state, store.location);
  return {before: describeState(state), steps: stepsFrom(state)};
}

/** Applies all missing steps in order. For callers that show no progress. */
export async function migrate(store: Store): Promise<MigrationPlan> {
  const plan = await planMigration(store);
  for (const step of plan.steps) await store.applyStep(step);
  return plan;
}
