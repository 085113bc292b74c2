import type {StructureFlaw} from './structure.js';

/** A version of the tables, stored in the rows `major` and `minor` of `uniqueindexsystem`. */
export interface SchemaVersion {
  readonly major: number;
  readonly minor: number;
}

/** The state of the UniqueID tables in a database. */
export type SchemaState =
  /** Neither table exists: a new database, or one of another program. */
  | {readonly kind: 'absent'}
  | {readonly kind: 'versioned'; readonly version: SchemaVersion}
  /** Tables of no version; `reason` completes the sentence "The tables cannot be used: …". */
  | {readonly kind: 'damaged'; readonly reason: string}
  /** Tables of a known version whose structure breaks a promise of UniqueID. */
  | {readonly kind: 'unsuitable'; readonly version: SchemaVersion; readonly flaw: StructureFlaw};

/** The version this program writes. It allocates only from versions with the same major number. */
export const currentVersion: SchemaVersion = {major: 1, minor: 0};

/** The version before the Python service recorded versions: only the table of counters exists. */
export const unversioned: SchemaVersion = {major: 0, minor: 0};

/** Compares two versions: negative if `a` is older than `b`, 0 if they are equal, positive if it is newer. */
export function compareVersions(a: SchemaVersion, b: SchemaVersion): number {
  return a.major - b.major || a.minor - b.minor;
}

/** Returns true if integers may be allocated: the major version is the current one. */
export function isServable(state: SchemaState): boolean {
  return state.kind === 'versioned' && state.version.major === currentVersion.major;
}

/** Returns true if the database is at exactly the version this program writes. */
export function isCurrent(state: SchemaState): boolean {
  return state.kind === 'versioned' && compareVersions(state.version, currentVersion) === 0;
}

/** Formats a version as `1.0`. */
export function formatVersion(version: SchemaVersion): string {
  return `${version.major}.${version.minor}`;
}

/** Describes a state in a few words, for a sentence or a table. */
export function describeState(state: SchemaState): string {
  switch (state.kind) {
    case 'absent':
      return 'none';
    case 'versioned':
      return formatVersion(state.version);
    case 'damaged':
      return `damaged: ${state.reason}`;
    case 'unsuitable':
      return `${formatVersion(state.version)}, unsuitable: ${state.flaw.reason}`;
  }
}

/** The raw facts from which `interpretSchema` derives the state. */
export interface SchemaReading {
  readonly hasCounters: boolean;
  readonly hasSystem: boolean;
  /** The rows of `uniqueindexsystem`: `major`, `minor`, and others unrelated to the version. */
  readonly parts: ReadonlyMap<string, unknown>;
  /** The reason why the table of counters cannot be served; `undefined` if it can, or does not exist. */
  readonly flaw?: StructureFlaw | undefined;
}

/** Derives the schema state from the tables that exist and from the rows of `uniqueindexsystem`. */
export function interpretSchema({hasCounters, hasSystem, parts, flaw}: SchemaReading): SchemaState {
  // An interrupted Python dbsync leaves tables without version rows; this counts as the state before it ran.
  if (!hasSystem || !(parts.has('major') || parts.has('minor'))) {
    return hasCounters ? toState(unversioned, flaw) : {kind: 'absent'};
  }
  if (!hasCounters) {
    return {
      kind: 'damaged',
      reason: 'uniqueindexsystem records a version, but the table of counters, uniqueindex, is missing',
    };
  }
  const major = versionNumber(parts.get('major'));
  const minor = versionNumber(parts.get('minor'));
  if (major === undefined || minor === undefined) {
    const part = major === undefined ? 'major' : 'minor';
    return {kind: 'damaged', reason: `uniqueindexsystem has no whole number for "${part}"`};
  }
  return toState({major, minor}, flaw);
}

/** Considers the flaw only for known versions: newer tables may have another structure. */
function toState(version: SchemaVersion, flaw: StructureFlaw | undefined): SchemaState {
  return flaw === undefined || version.major > currentVersion.major
    ? {kind: 'versioned', version}
    : {kind: 'unsuitable', version, flaw};
}

function versionNumber(value: unknown): number | undefined {
  if (typeof value !== 'bigint' && typeof value !== 'number') return undefined;
  const number = Number(value);
  return Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}
