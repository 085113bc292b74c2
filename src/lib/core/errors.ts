/**
 * Every failure a caller can meet: the HTTP status it is answered with and the exit status of a command
 * that ends in it. Nothing else in the program decides a status.
 */
export const errorTable = {
  INVALID_MODE: {http: 400, exit: 2},
  INVALID_RANGE: {http: 400, exit: 2},
  INVALID_REQUEST: {http: 400, exit: 2},
  UNAUTHORIZED: {http: 401, exit: 7},
  MODE_NOT_ALLOWED: {http: 403, exit: 6},
  CROSS_SITE_REJECTED: {http: 403, exit: 1},
  NOT_FOUND: {http: 404, exit: 1},
  METHOD_NOT_ALLOWED: {http: 405, exit: 1},
  REQUEST_TIMEOUT: {http: 408, exit: 1},
  COUNTER_EXHAUSTED: {http: 409, exit: 5},
  HOST_NOT_ALLOWED: {http: 421, exit: 1},
  PREFETCH_REFUSED: {http: 425, exit: 1},
  HEADERS_TOO_LARGE: {http: 431, exit: 1},
  UNEXPECTED: {http: 500, exit: 1},
  COUNTER_DAMAGED: {http: 503, exit: 1},
  COUNTER_REGRESSED: {http: 503, exit: 1},
  SCHEMA_MISSING: {http: 503, exit: 3},
  SCHEMA_TOO_OLD: {http: 503, exit: 3},
  SCHEMA_TOO_NEW: {http: 503, exit: 3},
  SCHEMA_DAMAGED: {http: 503, exit: 3},
  SCHEMA_UNSUITABLE: {http: 503, exit: 3},
  DATABASE_MISSING: {http: 503, exit: 3},
  DATABASE_UNAVAILABLE: {http: 503, exit: 4},
  DATABASE_BUSY: {http: 503, exit: 4},
  DATABASE_FULL: {http: 503, exit: 4},
  DATABASE_READ_ONLY: {http: 503, exit: 4},
  DATABASE_DAMAGED: {http: 503, exit: 4},
  QUEUE_FULL: {http: 503, exit: 4},
  STOPPING: {http: 503, exit: 4},
  CONFIG_INVALID: {http: 500, exit: 2},
  USAGE: {http: 400, exit: 2},
  ADDRESS_UNAVAILABLE: {http: 500, exit: 1},
  UNKNOWN_MODE: {http: 404, exit: 2},
  REFUSED: {http: 409, exit: 6},
  OUTPUT_FAILED: {http: 500, exit: 1},
  REMOTE_FAILED: {http: 502, exit: 7},
  INTERRUPTED: {http: 500, exit: 130},
} as const satisfies Record<string, {http: number; exit: number}>;

/** The stable name of a failure; part of the public API. */
export type ErrorCode = keyof typeof errorTable;

/** What an error says beside its message. */
export interface ErrorDetails {
  /** What to do about it: one line, for a person. */
  readonly hint?: string;
  /** True where the same call may succeed in a moment, without anybody mending anything. */
  readonly transient?: boolean;
  readonly cause?: unknown;
}

/**
 * The one error class of this program. `message` says what happened and where, `hint` what to do;
 * neither ever holds a password, an SQL text or a stack trace, so both may be shown to a client.
 */
export class UniqueIDError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly transient: boolean;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : {cause: details.cause});
    this.name = 'UniqueIDError';
    this.code = code;
    this.hint = details.hint;
    this.transient = details.transient ?? false;
  }

  /** The HTTP status this failure is answered with. */
  get httpStatus(): number {
    return errorTable[this.code].http;
  }

  /** The exit status of a command that ends in this failure. */
  get exitStatus(): number {
    return errorTable[this.code].exit;
  }
}

/**
 * Any thrown value as a `UniqueIDError`. What is none already becomes `UNEXPECTED`, its own text kept in
 * `cause` alone: it was written for a developer and may hold what a client must not see.
 */
export function toUniqueIDError(thrown: unknown): UniqueIDError {
  if (thrown instanceof UniqueIDError) return thrown;
  return new UniqueIDError('UNEXPECTED', 'An unexpected error happened.', {cause: thrown});
}
