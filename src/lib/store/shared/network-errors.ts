import {UniqueIDError} from '../../core/errors.js';
import {isTlsFailure} from '../../util/tls-failure.js';

/** The target of a connection, for messages; never holds a password. */
export interface Destination {
  readonly location: string;
  readonly user: string | undefined;
  readonly database: string;
}

/** Converts an error of a driver to a `UniqueIDError`. */
export type ErrorMaker = (location: string, cause: Error, destination: Destination) => UniqueIDError;

/** Builds a map from error codes to their makers. */
export function makersByCode(
  ...rows: readonly (readonly [ErrorMaker, readonly (string | number)[]])[]
): ReadonlyMap<unknown, ErrorMaker> {
  return new Map(rows.flatMap(([maker, codes]) => codes.map((code) => [code, maker] as const)));
}

/** Returns a maker of `unreachable` errors with a fixed reason. */
export function unreachableAs(reason: string): ErrorMaker {
  return (location, cause) => unreachable(location, reason, cause);
}

/** System errors of a connection; each completes the sentence "The database cannot be reached: …". */
const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was closed unexpectedly',
  EPIPE: 'the connection was closed unexpectedly',
  ETIMEDOUT: 'it did not answer in time',
  EHOSTUNREACH: 'no route leads to it',
  ENETUNREACH: 'no route leads to it',
  EADDRNOTAVAIL: 'no route leads to it',
  ENOTFOUND: 'its host name does not exist',
  EAI_AGAIN: 'its host name cannot be resolved now',
  EMFILE: 'this process has too many open files',
  ENFILE: 'this machine has too many open files',
};

/** Converts an error of the network or of TLS; returns `undefined` for any other error. */
export function fromNetworkError(
  error: Error & {code?: unknown},
  {location}: Destination,
): UniqueIDError | undefined {
  const code = typeof error.code === 'string' ? error.code : '';
  if (isTlsFailure(code)) return untrustedCertificate(location, code, error);
  const reason = reasons[code];
  return reason === undefined ? undefined : unreachable(location, reason, error);
}

/** Makes the error for a database that is unreachable now; it is transient. */
export function unreachable(location: string, reason: string, cause: unknown): UniqueIDError {
  return new UniqueIDError('DATABASE_UNAVAILABLE', `The database ${location} cannot be reached: ${reason}.`, {
    cause,
    transient: true,
    hint: 'Check that the database server runs, and check host and port in peewee_url.',
  });
}

/** Makes the error for a URL none of whose hosts can be used. */
export function noUsableHost(location: string, reasons: readonly UniqueIDError[]): UniqueIDError {
  if (reasons.length === 1 && reasons[0] !== undefined) return reasons[0];
  const transient = reasons.filter(({transient: isTransient}) => isTransient);
  // Standbys are always read-only: the state of the other hosts says more.
  const main = transient.find(({code}) => code !== 'DATABASE_READ_ONLY') ?? transient[0] ?? reasons[0];
  const messages = [`No host of ${location} can be used.`, ...reasons.map(({message}) => message)];
  const cause = new AggregateError(reasons);
  return main?.reworded(messages.join(' '), cause) ?? unreachable(location, 'it names no host', cause);
}

/** Makes the error for a node of a Galera cluster that must not be used now. */
export function nodeNotReady(location: string, variable: string, value: string): UniqueIDError {
  return new UniqueIDError(
    'DATABASE_UNAVAILABLE',
    `The Galera node ${location} is not ready: ${variable} is ${value}.`,
    {
      transient: true,
      hint: 'Check the log of the node, and that most nodes of its cluster reach each other.',
    },
  );
}

/** Makes the error for a server whose certificate cannot be verified. */
export function untrustedCertificate(location: string, reason: string, cause: unknown): UniqueIDError {
  return permanentFailure(
    `The database ${location} cannot be trusted: TLS failed (${reason}).`,
    'Set sslrootcert=FILE in the URL to its certificate authority, or skip the check with sslmode=no-verify.',
    cause,
  );
}

/** Makes the error for a connection that the server rejects permanently: waiting does not help. */
function permanentFailure(message: string, hint: string, cause: unknown): UniqueIDError {
  return new UniqueIDError('DATABASE_UNAVAILABLE', message, {cause, hint});
}

export function wrongLogin(location: string, cause: unknown, {user}: Destination): UniqueIDError {
  const who = user === undefined ? 'this user' : `user "${user}"`;
  return permanentFailure(
    `The database ${location} rejected the login of ${who}.`,
    'Check user and password in peewee_url or PEEWEE_URL. ' +
      'Check that the server accepts this user from this host, and without TLS if sslmode= turns it off.',
    cause,
  );
}

export function noDatabase(location: string, cause: unknown, {database}: Destination): UniqueIDError {
  return permanentFailure(
    `The server of ${location} has no database "${database}".`,
    'Create it there, or correct its name in peewee_url.',
    cause,
  );
}

export function noPermission(location: string, cause: unknown, {user}: Destination): UniqueIDError {
  return permanentFailure(
    `The database ${location} denies user "${user ?? ''}" access to the tables of UniqueID.`,
    'Grant the user SELECT, INSERT and UPDATE on uniqueindex and uniqueindexsystem; ' +
      'dbsync also needs CREATE.',
    cause,
  );
}

export function tlsMismatch(location: string, cause: unknown): UniqueIDError {
  return permanentFailure(
    `The database ${location} and this program do not agree on TLS.`,
    'Set sslmode=disable in the URL if the server offers no TLS, or sslmode=require if it insists on TLS.',
    cause,
  );
}

export function readOnlyServer(location: string, cause: unknown): UniqueIDError {
  return new UniqueIDError('DATABASE_READ_ONLY', `The database ${location} accepts no writes now.`, {
    cause,
    transient: true,
    hint:
      'It is a standby or was made read-only. ' +
      'Name the primary in peewee_url, or all hosts separated by commas.',
  });
}

export function conflict(location: string, cause: unknown): UniqueIDError {
  return new UniqueIDError(
    'DATABASE_BUSY',
    `The database ${location} gave priority to another transaction.`,
    {
      cause,
      hint: 'Retry in a moment.',
    },
  );
}

/** Makes the error for a connection limit of the server or of the user. Open connections still serve. */
export function tooManyConnections(location: string, cause: unknown): UniqueIDError {
  return new UniqueIDError('DATABASE_BUSY', `The database ${location} accepts no more connections.`, {
    cause,
    hint:
      'Raise max_connections on the database server, ' +
      'or lower max_connections= in the URL (default: 4 per UniqueID server).',
  });
}

/** Makes the error for a statement that the server or its administrator canceled. */
export function cutShort(location: string, cause: unknown): UniqueIDError {
  return new UniqueIDError(
    'DATABASE_BUSY',
    `The database ${location} canceled a statement before it was done.`,
    {
      cause,
      hint: 'Check whether its statement_timeout or max_statement_time is too short.',
    },
  );
}

export function diskFull(location: string, cause: unknown): UniqueIDError {
  return new UniqueIDError(
    'DATABASE_FULL',
    `The database ${location} cannot grow: its disk or a quota is full.`,
    {
      cause,
      hint: 'Free some space there; no counter was changed.',
    },
  );
}

/** Makes the error for a mode that is too long for its column, or not in the character set of the table. */
export function unwritableMode(location: string, cause: unknown): UniqueIDError {
  return new UniqueIDError(
    'INVALID_MODE',
    `The table in ${location} cannot store a mode: ` +
      'its column "id" is too short, or its character set lacks a character.',
    {
      cause,
      hint:
        'Use a short mode of ASCII characters, ' +
        'or copy the counters into a new database with "uniqueid dbsync --from".',
    },
  );
}

/** Makes the error for a statement above the size limit of the server. Shorter statements still work. */
export function statementTooLong(location: string, cause: unknown): UniqueIDError {
  return new UniqueIDError(
    'STATEMENT_TOO_LONG',
    `The database ${location} rejected a statement because of its length.`,
    {
      cause,
      hint: 'Raise max_allowed_packet on the database server to 1 MB or more.',
    },
  );
}
