import type {ErrorCode} from '../core/errors.js';
import type {DatabaseStatus, ModeStatus} from './database-status.js';

/** A failure as documents show it. */
export interface ProblemDocument {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
}

/** The status of a database, as `uniqueid status --json` prints it and `GET /status` answers it. */
export interface StatusDocument {
  readonly version: string;
  /** What only a running service can tell. */
  readonly service?: ServiceDocument;
  readonly database: {
    readonly kind: string;
    readonly location: string;
    /** The same for two looks only if they were at the same database; `null` if it cannot tell. */
    readonly identity: string | null;
    /** The schema that the tables in use lie in; `null` if the database has no schemas, or the tables are missing. */
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
  readonly modes: readonly ModeDocument[];
  /** Whether further modes follow after the last one listed. */
  readonly more: boolean;
}

export interface ServiceDocument {
  readonly url?: string;
  readonly uptimeSeconds: number;
}

/** One mode; `highWaterMark` is one more than the highest integer that the running service has handed out itself. */
export interface ModeDocument extends ModeStatus {
  readonly highWaterMark?: bigint | null;
}

/** A status as a document; sizes and counts are exact, so write it with `exactJson`. */
export function statusDocument(
  status: DatabaseStatus,
  version: string,
  service?: {readonly uptimeSeconds: number; readonly highWaterMark: (mode: string) => bigint | undefined},
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
    modes:
      service === undefined
        ? modes
        : modes.map((mode) => ({...mode, highWaterMark: service.highWaterMark(mode.mode) ?? null})),
    more,
  };
}
