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

/** The names of all steps; each store has the statements of each. */
export type StepName = 'create the tables' | 'record the schema version' | typeof CONVERT_ENGINE;

/** One step of the schema's history: it brings a database from one version to the next. */
export interface MigrationStep {
  readonly name: StepName;
  /** Where the step begins; `undefined` is a database without our tables. */
  readonly from: SchemaVersion | undefined;
  readonly to: SchemaVersion;
}

const createTables: MigrationStep = {name: 'create the tables', from: undefined, to: currentVersion};

/** The versions in order, one step between neighbours. A new version adds its step at the end. */
const upgrades: readonly MigrationStep[] = [
  {name: 'record the schema version', from: unversioned, to: {major: 1, minor: 0}},
];

/**
 * The steps that bring a database to the current version, first one first; none where it is there already
 * or is newer. A damaged or unsuitable database has no steps either, unless one mends it: `assertMigratable` says so
 * to the operator.
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
 * Decides, inside the transaction that would take `step`, what the state read there means.
 *
 * @returns `apply` where the database stands where the step begins, `already` where another migrator has
 *   brought it at least to where the step ends
 * @throws UniqueIDError `SCHEMA_*` where somebody changed the tables to something else meanwhile
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
    new UniqueIDError(
      'SCHEMA_DAMAGED',
      `The tables in ${location} changed while "${step.name}" was under way.`,
      {
        hint: 'Run "uniqueid dbsync" again.',
      },
    )
  );
}
