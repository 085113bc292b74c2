import {UniqueIDError} from '../../core/errors.js';

/** Where a connection was meant to go, for messages: never holds a password. */
export interface Destination {
  readonly location: string;
  readonly user: string | undefined;
  readonly database: string;
}

/** Makes our error of one that a driver reported. */
export type ErrorMaker = (location: string, cause: Error, destination: Destination) => UniqueIDError;

/** Turns rows of a maker and its codes into the table that is searched by code. */
export function makersByCode(
  ...rows: readonly (readonly [ErrorMaker, readonly (string | number)[]])[]
): ReadonlyMap<unknown, ErrorMaker> {
  return new Map(rows.flatMap(([maker, codes]) => codes.map((code) => [code, maker] as const)));
}

/** Makes the error of a database that cannot be reached, for this reason. */
export function unreachableAs(reason: string): ErrorMaker {
  return (location, cause) => unreachable(location, reason, cause);
}

/** What the system and TLS report of a connection, and whether waiting may help. */
const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
  ETIMEDOUT: 'it did not answer in time',
  EHOSTUNREACH: 'there is no route to it',
  ENETUNREACH: 'there is no route to it',
  EADDRNOTAVAIL: 'there is no route to it',
  ENOTFOUND: 'there is no host of that name',
  EAI_AGAIN: 'its name cannot be looked up now',
  EMFILE: 'this process has too many files open',
  ENFILE: 'this machine has too many files open',
};

/** Failures of TLS by what Node calls them, https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const certificateFailure =
  /^(?:ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_|INVALID_CA|HOSTNAME_MISMATCH)/;

/** An error of the network or of TLS as one of ours; `undefined` for any other. */
export function fromNetworkError(
  error: Error & {code?: unknown},
  {location}: Destination,
): UniqueIDError | undefined {
  const code = typeof error.code === 'string' ? error.code : '';
  if (certificateFailure.test(code)) return certificateRefused(location, code, error);
  const reason = reasons[code];
  return reason === undefined ? undefined : unreachable(location, reason, error);
}

/** A database that cannot be reached now: waiting may help. */
export function unreachable(location: string, reason: string, cause: unknown): UniqueIDError {
  return new UniqueIDError('DATABASE_UNAVAILABLE', `The database ${location} cannot be reached: ${reason}.`, {
    cause,
    transient: true,
    hint: 'Check that it runs, and host and port in peewee_url.',
  });
}

/** A server whose certificate is not the one that it should have. */
export function certificateRefused(location: string, reason: string, cause: unknown): UniqueIDError {
  return refused(
    `The database ${location} cannot be trusted: TLS failed (${reason}).`,
    'Name its certificate authority with sslrootcert=FILE in the URL, or say sslmode=no-verify.',
    cause,
  );
}

/** A refusal that waiting does not change. */
export function refused(message: string, hint: string, cause: unknown): UniqueIDError {
  return new UniqueIDError('DATABASE_UNAVAILABLE', message, {cause, hint});
}

export function wrongLogin(location: string, cause: unknown, {user}: Destination): UniqueIDError {
  const who = user === undefined ? 'this user' : `user "${user}"`;
  return refused(
    `The database ${location} refuses to log ${who} in.`,
    'Check user and password in peewee_url or PEEWEE_URL, and whether the user may log in from here and without TLS (sslmode=).',
    cause,
  );
}

export function noDatabase(location: string, cause: unknown, {database}: Destination): UniqueIDError {
  return refused(
    `The server of ${location} has no database "${database}".`,
    'Create it there, or correct its name in peewee_url.',
    cause,
  );
}

export function noPermission(location: string, cause: unknown, {user}: Destination): UniqueIDError {
  return refused(
    `The database ${location} does not let user "${user ?? ''}" use the tables of UniqueID.`,
    'Grant the user SELECT, INSERT and UPDATE on uniqueindex and uniqueindexsystem; dbsync needs CREATE as well.',
    cause,
  );
}

export function tlsRefused(location: string, cause: unknown): UniqueIDError {
  return refused(
    `The database ${location} and this program do not agree on TLS.`,
    'The server may offer none (then sslmode=disable) or insist on it (then sslmode=require).',
    cause,
  );
}

export function readOnlyServer(location: string, cause: unknown): UniqueIDError {
  return new UniqueIDError('DATABASE_READ_ONLY', `The database ${location} takes no writes now.`, {
    cause,
    transient: true,
    hint: 'It is a standby, or was made read-only: name the primary, or all hosts with commas between, in peewee_url.',
  });
}

export function conflict(location: string, cause: unknown): UniqueIDError {
  return new UniqueIDError('DATABASE_BUSY', `The database ${location} put another transaction first.`, {
    cause,
    hint: 'Ask again in a moment.',
  });
}

/** A limit of the server or of the user: connections that are there already still serve. */
export function tooManyConnections(location: string, cause: unknown): UniqueIDError {
  return new UniqueIDError('DATABASE_BUSY', `The database ${location} takes no further connection.`, {
    cause,
    hint: 'Raise the limit there (max_connections), or lower max_connections= in the URL, which is 4 for each server.',
  });
}

/** A statement that the server or its administrator ended before it was done. */
export function cutShort(location: string, cause: unknown): UniqueIDError {
  return new UniqueIDError(
    'DATABASE_BUSY',
    `The database ${location} ended a statement before it was done.`,
    {
      cause,
      hint: 'Its time limit for statements may be too short (statement_timeout, max_statement_time).',
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

/** A mode that the table's character set has no letters for, or its column no room. */
export function unwritableMode(location: string, cause: unknown): UniqueIDError {
  return new UniqueIDError(
    'INVALID_MODE',
    `The table in ${location} cannot hold a mode: its column "id" is too short, or its character set lacks a letter.`,
    {
      cause,
      hint: 'Use a short mode of plain letters, or copy the counters into a new database with "uniqueid dbsync --from".',
    },
  );
}

/** A statement that is longer than the server takes: shorter ones still serve. */
export function statementTooLong(location: string, cause: unknown): UniqueIDError {
  return new UniqueIDError(
    'STATEMENT_TOO_LONG',
    `The database ${location} rejects a statement for its length.`,
    {
      cause,
      hint: 'Raise max_allowed_packet there to 1 MB or more.',
    },
  );
}
