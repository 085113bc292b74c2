import {UniqueIDError} from '../../core/errors.js';
import type {StructureFlaw} from './structure.js';
import {currentVersion, formatVersion, isCurrent, isServable, type SchemaState} from './version.js';

/** Makes the error for a database without UniqueID tables. */
export function schemaMissing(location: string, cause?: unknown): UniqueIDError {
  return new UniqueIDError('SCHEMA_MISSING', `The database ${location} has no tables of UniqueID.`, {
    cause,
    hint: 'Run "uniqueid dbsync" to create them, or check that this is the database you meant.',
  });
}

/** Makes the error for a table whose structure breaks a promise of UniqueID. */
export function unsuitable(location: string, {reason, hint}: StructureFlaw, cause?: unknown): UniqueIDError {
  const message = `The table of counters in ${location} cannot be used: ${reason}.`;
  return new UniqueIDError('SCHEMA_UNSUITABLE', message, {cause, hint});
}

/** Makes the error for a row that a constraint rejects. It concerns one mode; the others are served. */
export function rowRejected(location: string, cause: unknown): UniqueIDError {
  return new UniqueIDError('MODE_NOT_ALLOWED', `A constraint on the tables in ${location} rejects a row.`, {
    cause,
    hint: 'Look for a CHECK or foreign key on uniqueindex and drop it, or use another mode.',
  });
}

/** Returns why integers must not be allocated from a schema; `undefined` if they may be. */
export function schemaProblem(state: SchemaState, location: string): UniqueIDError | undefined {
  if (isServable(state)) return undefined;
  switch (state.kind) {
    case 'absent':
      return schemaMissing(location);
    case 'damaged':
      return new UniqueIDError(
        'SCHEMA_DAMAGED',
        `The tables in ${location} cannot be used: ${state.reason}.`,
        {
          hint: 'Restore the database from a backup; a newly created one would issue old integers again.',
        },
      );
    case 'unsuitable':
      return unsuitable(location, state.flaw);
    case 'versioned':
      return state.version.major < currentVersion.major
        ? new UniqueIDError(
            'SCHEMA_TOO_OLD',
            `${versionPhrase(state.version, location)}, older than ${formatVersion(currentVersion)}.`,
            {
              hint: 'Run "uniqueid dbsync" to upgrade it; every counter is kept.',
            },
          )
        : tooNew(state.version, location);
  }
}

/** Throws if integers must not be allocated from a schema. */
export function assertServable(state: SchemaState, location: string): void {
  const problem = schemaProblem(state, location);
  if (problem !== undefined) throw problem;
}

/** Returns why a schema is not exactly the current one; `undefined` if it is. */
export function schemaDifference(state: SchemaState, location: string): UniqueIDError | undefined {
  if (isCurrent(state)) return undefined;
  const problem = schemaProblem(state, location);
  return problem ?? (state.kind === 'versioned' ? tooNew(state.version, location) : undefined);
}

/** Throws if `dbsync` must not change a database: it is damaged, unsuitable, or newer than this program. */
export function assertMigratable(state: SchemaState, location: string): void {
  if (state.kind === 'absent') return;
  if (state.kind === 'unsuitable' && state.flaw.mend !== undefined) return;
  const problem = schemaProblem(state, location);
  if (problem !== undefined && problem.code !== 'SCHEMA_TOO_OLD') throw problem;
}

function tooNew(version: {major: number; minor: number}, location: string): UniqueIDError {
  return new UniqueIDError(
    'SCHEMA_TOO_NEW',
    `${versionPhrase(version, location)}, newer than ${formatVersion(currentVersion)}.`,
    {
      hint: 'Use the newer UniqueID that wrote it; nothing was changed.',
    },
  );
}

function versionPhrase(version: {major: number; minor: number}, location: string): string {
  return `The database ${location} has schema version ${formatVersion(version)}`;
}
