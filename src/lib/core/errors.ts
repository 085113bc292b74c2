/** What a code says of each of its errors. */
interface ErrorRow {
  readonly http: number;
  readonly exit: number;
  /**
   * Whether waiting may cure it, without anybody mending anything. `varies`: one code for both, such as a database that
   * is starting and one that knows no such user; whoever makes the error says which.
   */
  readonly transient: boolean | 'varies';
  /** What is at fault: the whole database, its tables as a whole, or anything smaller or other. */
  readonly scope: 'database' | 'schema' | 'other';
}

/**
 * Every failure a caller can meet: the HTTP status it is answered with, the exit status of a command that ends in it, and
 * whether waiting helps. Nothing else in the program decides these.
 */
export const errorTable = {
  INVALID_MODE: {http: 400, exit: 2, transient: false, scope: 'other'},
  INVALID_RANGE: {http: 400, exit: 2, transient: false, scope: 'other'},
  INVALID_REQUEST: {http: 400, exit: 2, transient: false, scope: 'other'},
  UNAUTHORIZED: {http: 401, exit: 7, transient: false, scope: 'other'},
  MODE_NOT_ALLOWED: {http: 403, exit: 6, transient: false, scope: 'other'},
  CROSS_SITE_REJECTED: {http: 403, exit: 1, transient: false, scope: 'other'},
  NOT_FOUND: {http: 404, exit: 1, transient: false, scope: 'other'},
  METHOD_NOT_ALLOWED: {http: 405, exit: 1, transient: false, scope: 'other'},
  REQUEST_TIMEOUT: {http: 408, exit: 1, transient: false, scope: 'other'},
  COUNTER_EXHAUSTED: {http: 409, exit: 5, transient: false, scope: 'other'},
  HOST_NOT_ALLOWED: {http: 421, exit: 1, transient: false, scope: 'other'},
  PREFETCH_REJECTED: {http: 425, exit: 1, transient: false, scope: 'other'},
  HEADERS_TOO_LARGE: {http: 431, exit: 1, transient: false, scope: 'other'},
  UNEXPECTED: {http: 500, exit: 1, transient: false, scope: 'other'},
  DRIVER_INCOMPATIBLE: {http: 500, exit: 1, transient: false, scope: 'other'},
  SHUTDOWN_TIMEOUT: {http: 500, exit: 1, transient: false, scope: 'other'},
  STATEMENT_TOO_LONG: {http: 500, exit: 1, transient: false, scope: 'other'},
  COUNTER_DAMAGED: {http: 503, exit: 1, transient: false, scope: 'other'},
  COUNTER_REGRESSED: {http: 503, exit: 1, transient: false, scope: 'other'},
  SCHEMA_MISSING: {http: 503, exit: 3, transient: false, scope: 'schema'},
  SCHEMA_TOO_OLD: {http: 503, exit: 3, transient: false, scope: 'schema'},
  SCHEMA_TOO_NEW: {http: 503, exit: 3, transient: false, scope: 'schema'},
  SCHEMA_DAMAGED: {http: 503, exit: 3, transient: false, scope: 'schema'},
  SCHEMA_UNSUITABLE: {http: 503, exit: 3, transient: false, scope: 'schema'},
  DATABASE_MISSING: {http: 503, exit: 3, transient: false, scope: 'database'},
  DATABASE_UNAVAILABLE: {http: 503, exit: 4, transient: 'varies', scope: 'database'},
  DATABASE_BUSY: {http: 503, exit: 4, transient: true, scope: 'database'},
  DATABASE_FULL: {http: 503, exit: 4, transient: false, scope: 'database'},
  DATABASE_READ_ONLY: {http: 503, exit: 4, transient: 'varies', scope: 'database'},
  DATABASE_DAMAGED: {http: 503, exit: 4, transient: false, scope: 'database'},
  QUEUE_FULL: {http: 503, exit: 4, transient: true, scope: 'other'},
  STOPPING: {http: 503, exit: 4, transient: true, scope: 'other'},
  CONFIG_INVALID: {http: 500, exit: 2, transient: false, scope: 'other'},
  USAGE: {http: 400, exit: 2, transient: false, scope: 'other'},
  ADDRESS_UNAVAILABLE: {http: 500, exit: 1, transient: false, scope: 'other'},
  UNKNOWN_MODE: {http: 404, exit: 2, transient: false, scope: 'other'},
  REJECTED: {http: 409, exit: 6, transient: false, scope: 'other'},
  OUTPUT_FAILED: {http: 500, exit: 1, transient: false, scope: 'other'},
  REMOTE_FAILED: {http: 502, exit: 7, transient: 'varies', scope: 'other'},
  INTERRUPTED: {http: 500, exit: 130, transient: false, scope: 'other'},
} as const satisfies Record<string, ErrorRow>;

/** The stable name of a failure; part of the public API. */
export type ErrorCode = keyof typeof errorTable;

/** What an error says beside its message. */
export interface ErrorDetails {
  /** What to do about it: one line, for a person. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** The codes of which some errors are transient and others are not. */
type VaryingCode = {
  [Code in ErrorCode]: (typeof errorTable)[Code]['transient'] extends 'varies' ? Code : never;
}[ErrorCode];

/** The fields of an error that has lost its class. */
export interface ErrorFields {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | undefined;
  readonly transient: boolean;
  readonly cause: unknown;
}

/**
 * The one error class of this program. `message` says what happened and where, `hint` what to do;
 * neither ever holds a password, an SQL text or a stack trace, so both may be shown to a client.
 */
export class UniqueIDError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly transient: boolean;

  /** @param details `transient` is only for codes that vary; without it such an error is not. */
  constructor(code: VaryingCode, message: string, details?: ErrorDetails & {readonly transient?: boolean});
  constructor(code: ErrorCode, message: string, details?: ErrorDetails);
  constructor(code: ErrorCode, message: string, details: ErrorDetails & {readonly transient?: boolean} = {}) {
    super(message, details.cause === undefined ? undefined : {cause: details.cause});
    this.name = 'UniqueIDError';
    this.code = code;
    this.hint = details.hint;
    const {transient} = errorTable[code];
    this.transient = transient === 'varies' ? (details.transient ?? false) : transient;
  }

  /** The HTTP status this failure is answered with. */
  get httpStatus(): number {
    return errorTable[this.code].http;
  }

  /** What is at fault. */
  get scope(): ErrorRow['scope'] {
    return errorTable[this.code].scope;
  }

  /** Returns this error with another text: the same code and hint, and transient if this one is. */
  reworded(message: string, cause: unknown): UniqueIDError {
    const {code, hint, transient} = this;
    return UniqueIDError.restored({code, message, hint, transient, cause});
  }

  /** Makes an error of the fields of one that was made before, such as on another thread. */
  static restored({code, message, hint, transient, cause}: ErrorFields): UniqueIDError {
    const details = {...(hint === undefined ? {} : {hint}), transient, cause};
    return new UniqueIDError(code as VaryingCode, message, details);
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
