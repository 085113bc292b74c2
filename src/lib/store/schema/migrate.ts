import type {Store} from '../store.js';
import {stepsFrom, type MigrationStep} from './steps.js';
import {assertMigratable} from './verdict.js';
import {describeState} from './version.js';

/** What a migration will do, read from the database before anything is changed. */
export interface MigrationPlan {
  /** The version before, in words: `none`, `0.0`, `1.0`. */
  readonly before: string;
  readonly steps: readonly MigrationStep[];
}

/**
 * Reads where a database stands and which steps it lacks.
 *
 * @throws UniqueIDError `SCHEMA_TOO_NEW` or `SCHEMA_DAMAGED` where it must not be touched
 */
export async function planMigration(store: Store): Promise<MigrationPlan> {
  const state = await store.readSchema();
  assertMigratable(state, store.location);
  return {before: describeState(state), steps: stepsFrom(state)};
}

/** Takes all steps that a database lacks, in order. For callers that show no progress. */
export async function migrate(store: Store): Promise<MigrationPlan> {
  const plan = await planMigration(store);
  for (const step of plan.steps) await store.applyStep(step);
  return plan;
}
