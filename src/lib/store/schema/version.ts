import type {StructureFlaw} from './structure.js';

/** A version of the tables, as the rows `major` and `minor` of `uniqueindexsystem` hold it. */
export interface SchemaVersion {
  readonly major: number;
  readonly minor: number;
}

/** What a database holds of our tables. */
export type SchemaState =
  /** Neither table: a new database, or somebody else's. */
  | {readonly kind: 'absent'}
  | {readonly kind: 'versioned'; readonly version: SchemaVersion}
  /** Tables that no version explains; `reason` says what is wrong, as the end of a sentence. */
  | {readonly kind: 'damaged'; readonly reason: string}
  /** Tables of a version that this program knows, in which a promise could not be kept. */
  | {readonly kind: 'unsuitable'; readonly version: SchemaVersion; readonly flaw: StructureFlaw};

/** The version this program writes, and the only major one it allocates from. */
export const currentVersion: SchemaVersion = {major: 1, minor: 0};

/** Before the Python service recorded versions: the table of counters alone. */
export const unversioned: SchemaVersion = {major: 0, minor: 0};

/** Negative where `a` is older than `b`, 0 where they are the same, positive where it is newer. */
export function compareVersions(a: SchemaVersion, b: SchemaVersion): number {
  return a.major - b.major || a.minor - b.minor;
}

/** Whether integers may be allocated: the same major version. */
export function isServable(state: SchemaState): boolean {
  return state.kind === 'versioned' && state.version.major === currentVersion.major;
}

/** Whether the database is at exactly the version this program writes. */
export function isCurrent(state: SchemaState): boolean {
  return state.kind === 'versioned' && compareVersions(state.version, currentVersion) === 0;
}

/** `1.0` */
export function formatVersion(version: SchemaVersion): string {
  return `${version.major}.${version.minor}`;
}

/** A state in a few words, to stand in a sentence or a table. */
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

/** The parts of `uniqueindexsystem` as they were read, and which tables there are. */
export interface SchemaReading {
  readonly hasCounters: boolean;
  readonly hasSystem: boolean;
  /** The rows of `uniqueindexsystem`: `major`, `minor`, and others that say nothing about the version. */
  readonly parts: ReadonlyMap<string, unknown>;
  /** Why the table of counters, if it exists, cannot be served. */
  readonly flaw?: StructureFlaw | undefined;
}

/** Tells from the tables, and from the rows of the second one, what a database holds. */
export function interpretSchema({hasCounters, hasSystem, parts, flaw}: SchemaReading): SchemaState {
  // A Python dbsync that died half-way leaves tables without version rows: the same as before it ran.
  if (!hasSystem || !(parts.has('major') || parts.has('minor'))) {
    return hasCounters ? judged(unversioned, flaw) : {kind: 'absent'};
  }
  if (!hasCounters) {
    return {
      kind: 'damaged',
      reason: 'uniqueindexsystem records a version, but the table of counters, uniqueindex, is missing',
    };
  }
  const major = wholeNumber(parts.get('major'));
  const minor = wholeNumber(parts.get('minor'));
  if (major === undefined || minor === undefined) {
    const part = major === undefined ? 'major' : 'minor';
    return {kind: 'damaged', reason: `uniqueindexsystem has no whole number for "${part}"`};
  }
  return judged({major, minor}, flaw);
}

/** Only the structure of known versions is judged: newer tables may look different. */
function judged(version: SchemaVersion, flaw: StructureFlaw | undefined): SchemaState {
  return flaw === undefined || version.major > currentVersion.major
    ? {kind: 'versioned', version}
    : {kind: 'unsuitable', version, flaw};
}

function wholeNumber(value: unknown): number | undefined {
  if (typeof value !== 'bigint' && typeof value !== 'number') return undefined;
  const number = Number(value);
  return Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}
