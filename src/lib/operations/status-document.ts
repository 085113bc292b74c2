import type {ErrorCode} from '../core/errors.js';
import type {GuardFileStatus} from './issued.js';
import type {DatabaseStatus, ModeStatus} from './database-status.js';

/** A failure in a document. */
export interface ProblemDocument {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
}

/** The status of a database, printed by `uniqueid status --json` and answered by `GET /status`. */
export interface StatusDocument {
  readonly version: string;
  /** Missing unless a running service answers. */
  readonly service?: ServiceDocument;
  readonly database: {
    readonly kind: string;
    readonly location: string;
    /** Equal for two services only if they use the same database; `null` if unknown. */
    readonly identity: string | null;
    /** The schema of the tables in use; `null` if the database has no schemas or the tables are missing. */
    readonly schema: string | null;
    readonly product: string;
    readonly sizeBytes: number | null;
    readonly durability: string;
    readonly warnings: readonly string[];
  };
  readonly schema: {
    readonly version: string;
    readonly safe: boolean;
    readonly problem: ProblemDocument | null;
  };
  /** The file of high-water marks; `null` without one, missing in answers of older services. */
  readonly guardFile?: GuardFileStatus | null;
  readonly modes: readonly ModeDocument[];
  /** True if further modes follow the last one listed. */
  readonly more: boolean;
}

export interface ServiceDocument {
  readonly url?: string;
  readonly uptimeSeconds: number;
}

/** One mode. Only a running service knows `highWaterMark`, `quarantined` and `raised`. */
export interface ModeDocument extends ModeStatus {
  /** One more than the highest integer that the service has issued; `null` without one. */
  readonly highWaterMark?: bigint | null;
  /** True if the service issues no integers of the mode, because its counter went backwards. */
  readonly quarantined?: boolean;
  /** True if the service raised the counter within the last hour, because it had gone backwards. */
  readonly raised?: boolean;
}

/** The facts of a running service. */
export interface ServiceFacts {
  readonly uptimeSeconds: number;
  readonly highWaterMark: (mode: string) => bigint | undefined;
  readonly isQuarantined: (mode: string) => boolean;
  readonly isRaised: (mode: string) => boolean;
}

/** Converts a status to a document. Write it with `exactJson`, because its counters are bigints. */
export function statusDocument(
  status: DatabaseStatus,
  version: string,
  {service, guardFile}: {readonly service?: ServiceFacts; readonly guardFile?: GuardFileStatus | undefined},
): StatusDocument {
  const {database, schema, modes, more} = status;
  const {kind, location, identity = null, product, durability, warnings} = database;
  const {schema: tablesSchema = null, sizeBytes = null} = database;
  const {problem} = schema;
  return {
    version,
    ...(service === undefined ? {} : {service: {uptimeSeconds: service.uptimeSeconds}}),
    database: {kind, location, identity, schema: tablesSchema, product, sizeBytes, durability, warnings},
    schema: {
      version: schema.version,
      safe: schema.safe,
      problem:
        problem === undefined
          ? null
          : {
              code: problem.code,
              message: problem.message,
              ...(problem.hint === undefined ? {} : {hint: problem.hint}),
            },
    },
    guardFile: guardFile ?? null,
    modes:
      service === undefined
        ? modes
        : modes.map((mode) => ({
            ...mode,
            quarantined: service.isQuarantined(mode.mode),
            raised: service.isRaised(mode.mode),
            highWaterMark: service.highWaterMark(mode.mode) ?? null,
          })),
    more,
  };
}
