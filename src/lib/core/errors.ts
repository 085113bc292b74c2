/** Properties shared by all errors of a code. */
interface ErrorRow {
  readonly http: number;
  readonly exit: number;
  /**
   * True if waiting alone may cure the error. `varies`: the code covers both kinds, such as a starting
   * database and an unknown user, so each error is created with its own value.
   */
  readonly transient: boolean | 'varies';
  /** The part at fault: the whole database, its schema, or anything else, such as one mode or one request. */
  readonly scope: 'database' | 'schema' | 'other';
  /** True if only a command or a client makes such an error, never a service in an answer. */
  readonly isLocal?: true;
}

/**
 * Every error code with its HTTP status, the exit status of a command that ends with it, and its other
 * properties. They are decided here and nowhere else.
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
  CONFIG_INVALID: {http: 500, exit: 2, transient: false, scope: 'other', isLocal: true},
  USAGE: {http: 400, exit: 2, transient: false, scope: 'other', isLocal: true},
  ADDRESS_UNAVAILABLE: {http: 500, exit: 1, transient: false, scope: 'other', isLocal: true},
  UNKNOWN_MODE: {http: 404, exit: 2, transient: false, scope: 'other'},
  REJECTED: {http: 409, exit: 6, transient: false, scope: 'other'},
  OUTPUT_FAILED: {http: 500, exit: 1, transient: false, scope: 'other', isLocal: true},
  REMOTE_FAILED: {http: 502, exit: 7, transient: 'varies', scope: 'other', isLocal: true},
  CLIENT_CLOSED: {http: 500, exit: 1, transient: false, scope: 'other', isLocal: true},
  INTERRUPTED: {http: 500, exit: 130, transient: false, scope: 'other', isLocal: true},
} as const satisfies Record<string, ErrorRow>;

/** The meaning of every exit status; 143 has no error code, because SIGTERM ends a command silently. */
export const exitStatuses: Readonly<
  Record<0 | (typeof errorTable)[keyof typeof errorTable]['exit'] | 143, string>
> = {
  0: 'done',
  1: 'unexpected',
  2: 'usage or configuration',
  3: 'schema missing, too old or too new',
  4: 'database unavailable',
  5: 'counter exhausted',
  6: 'rejected or not confirmed',
  7: 'the service is unreachable, or gave no valid answer',
  130: 'interrupted',
  143: 'terminated',
};

/** The stable name of an error; part of the public API. */
export type ErrorCode = keyof typeof errorTable;

/** Details of an error besides its message. */
export interface ErrorDetails {
  /** The remedy, in one line for people. */
  readonly hint?: string;
  readonly cause?: unknown;
  /** The HTTP status of an answer that held this error; the default is that of the code. */
  readonly httpStatus?: number;
}

/** The codes with both transient and permanent errors. */
type VaryingCode = {
  [Code in ErrorCode]: (typeof errorTable)[Code]['transient'] extends 'varies' ? Code : never;
}[ErrorCode];

/** The fields of an error that has lost its class, for example on its way from another thread. */
export interface ErrorFields {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | undefined;
  readonly transient: boolean;
  readonly cause: unknown;
  readonly httpStatus: number;
}

/**
 * The only error class of this program. `message` says what failed and where; `hint` says what to do. Neither
 * ever holds a password, SQL text or a stack trace, so a client may see both.
 */
export class UniqueIDError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly transient: boolean;
  /** The HTTP status of an answer with this error. */
  readonly httpStatus: number;

  /** @param details `transient` is only for codes that vary; its default is false */
  constructor(code: VaryingCode, message: string, details?: ErrorDetails & {readonly transient?: boolean});
  constructor(code: ErrorCode, message: string, details?: ErrorDetails);
  constructor(code: ErrorCode, message: string, details: ErrorDetails & {readonly transient?: boolean} = {}) {
    super(message, details.cause === undefined ? undefined : {cause: details.cause});
    this.name = 'UniqueIDError';
    this.code = code;
    this.hint = details.hint;
    const {transient, http} = errorTable[code];
    this.httpStatus = details.httpStatus ?? http;
    this.transient = transient === 'varies' ? (details.transient ?? false) : transient;
  }

  /** The part at fault. */
  get scope(): ErrorRow['scope'] {
    return errorTable[this.code].scope;
  }

  /** Returns a copy with another message and cause; all other fields stay the same. */
  reworded(message: string, cause: unknown): UniqueIDError {
    const {code, hint, transient, httpStatus} = this;
    return UniqueIDError.restored({code, message, hint, transient, cause, httpStatus});
  }

  /** Creates an error from the fields of another one, such as one from another thread. */
  static restored({code, message, hint, transient, cause, httpStatus}: ErrorFields): UniqueIDError {
    const details = {...(hint === undefined ? {} : {hint}), transient, cause, httpStatus};
    return new UniqueIDError(code as VaryingCode, message, details);
  }

  /** The exit status of a command that ends with this error. */
  get exitStatus(): number {
    return errorTable[this.code].exit;
  }
}

/**
 * Returns a thrown value as a `UniqueIDError`. Any other error becomes `UNEXPECTED` and is kept only as
 * `cause`: its text is for developers and may hold secrets.
 */
export function toUniqueIDError(thrown: unknown): UniqueIDError {
  if (thrown instanceof UniqueIDError) return thrown;
  return new UniqueIDError('UNEXPECTED', 'An unexpected error occurred.', {cause: thrown});
}
