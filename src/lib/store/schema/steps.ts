import {UniqueIDError} from '../../core/errors.js';
import {CONVERT_ENGINE} from './structure.js';
import {schemaProblem} from './verdict.js';
import {
  compareVersions,
  currentVersion,
  unversioned,
  type SchemaState,
  type SchemaVersion,
} from './version.js';

/** The names of all steps. Each store has its own statements for each step. */
export type StepName = 'create the tables' | 'record the schema version' | typeof CONVERT_ENGINE;

/** One migration step: it upgrades a database from one schema version to the next. */
export interface MigrationStep {
  readonly name: StepName;
  /** The version that the step starts from; `undefined` for a database without UniqueID tables. */
  readonly from: SchemaVersion | undefined;
  readonly to: SchemaVersion;
}

const createTables: MigrationStep = {name: 'create the tables', from: undefined, to: currentVersion};

/** All upgrades in order, one step between consecutive versions. A new version appends its step. */
const upgrades: readonly MigrationStep[] = [
  {name: 'record the schema version', from: unversioned, to: {major: 1, minor: 0}},
];

/**
 * Returns the steps that bring a database to the current version, in order. Returns none if it is current or
 * newer.
 *
 * A damaged or unsuitable database has no steps, unless a step repairs it. `assertMigratable` reports this to
 * the operator.
 */
export function stepsFrom(state: SchemaState): readonly MigrationStep[] {
  switch (state.kind) {
    case 'absent':
      return [createTables];
    case 'damaged':
      return [];
    case 'versioned':
      return upgradesFrom(state.version);
    case 'unsuitable':
      return state.flaw.mend === undefined
        ? []
        : [{name: state.flaw.mend, from: state.version, to: state.version}, ...upgradesFrom(state.version)];
  }
}

function upgradesFrom(version: SchemaVersion): readonly MigrationStep[] {
  return upgrades.filter((step) => compareVersions(step.to, version) > 0);
}

/**
 * Decides whether to apply a step, from the state read inside the transaction of that step.
 *
 * @returns `apply` if the database is at `step.from`, `already` if another migrator has brought it to
 *   `step.to` or further
 * @throws UniqueIDError `SCHEMA_*` if the tables were changed to any other state
 */
export function decideStep(step: MigrationStep, state: SchemaState, location: string): 'apply' | 'already' {
  if (state.kind === 'absent' && step.from === undefined) return 'apply';
  if (state.kind === 'unsuitable' && state.flaw.mend === step.name) return 'apply';
  if (state.kind === 'versioned') {
    if (step.name === CONVERT_ENGINE) return 'already';
    if (step.from !== undefined && compareVersions(state.version, step.from) === 0) return 'apply';
    if (compareVersions(state.version, step.to) >= 0) return 'already';
  }
  throw (
    schemaProblem(state, location) ??
    new UniqueIDError('SCHEMA_DAMAGED', `The tables in ${location} changed during the step "${step.name}".`, {
      hint: 'Run "uniqueid dbsync" again.',
    })
  );
}
