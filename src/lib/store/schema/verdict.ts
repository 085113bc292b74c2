import {UniqueIDError} from '../../core/errors.js';
import type {StructureFlaw} from './structure.js';
import {currentVersion, formatVersion, isCurrent, isServable, type SchemaState} from './version.js';

/** The error for a database without our tables. */
export function schemaMissing(location: string, cause?: unknown): UniqueIDError {
  return new UniqueIDError('SCHEMA_MISSING', `The database ${location} has no tables of UniqueID.`, {
    cause,
    hint: 'Run "uniqueid dbsync" to create them, or check that this is the database you meant.',
  });
}

/** The error for a table in which a promise could not be kept. */
export function unsuitable(location: string, {reason, hint}: StructureFlaw, cause?: unknown): UniqueIDError {
  const message = `The table of counters in ${location} cannot be used: ${reason}.`;
  return new UniqueIDError('SCHEMA_UNSUITABLE', message, {cause, hint});
}

/** The error for a row that a constraint rejects: it concerns one mode, and the others are served. */
export function rowRejected(location: string, cause: unknown): UniqueIDError {
  return new UniqueIDError('MODE_NOT_ALLOWED', `A constraint of the tables in ${location} rejects a row.`, {
    cause,
    hint: 'Drop that constraint, or use another mode; the cause in the error log names it.',
  });
}

/** Why a schema may not be used, and what to do; `undefined` where integers may be allocated from it. */
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
          hint: 'Restore the database from a backup; creating it anew would give out old integers again.',
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

/** Throws if integers may not be allocated from a schema. */
export function assertServable(state: SchemaState, location: string): void {
  const problem = schemaProblem(state, location);
  if (problem !== undefined) throw problem;
}

/** Why a schema is not exactly the current one; `undefined` where it is. */
export function schemaDifference(state: SchemaState, location: string): UniqueIDError | undefined {
  if (isCurrent(state)) return undefined;
  const problem = schemaProblem(state, location);
  return problem ?? (state.kind === 'versioned' ? tooNew(state.version, location) : undefined);
}

/** Throws where `dbsync` must not touch a database: it is damaged, unsuitable, or newer than this program. */
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
