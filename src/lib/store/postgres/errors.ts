import postgres from 'postgres';
import type {UniqueIDError} from '../../core/errors.js';
import {
  conflict,
  cutShort,
  diskFull,
  fromNetworkError,
  makersByCode,
  noDatabase,
  noPermission,
  readOnlyServer,
  tlsMismatch,
  tooManyConnections,
  unreachableAs,
  unwritableMode,
  wrongLogin,
  type Destination,
  type ErrorMaker,
} from '../shared/network-errors.js';
import {alteredFlaw} from '../schema/structure.js';
import {rowRejected, schemaMissing, unsuitable} from '../schema/verdict.js';

const altered: ErrorMaker = (location, cause) => unsuitable(location, alteredFlaw, cause);
const inTrouble = unreachableAs('it is starting, shutting down or failing');

/** The driver's own codes: https://github.com/porsager/postgres#error-handling */
const driverErrors = makersByCode(
  [unreachableAs('the connection was closed'), ['CONNECTION_CLOSED']],
  [unreachableAs('the connection was ended'), ['CONNECTION_ENDED', 'CONNECTION_DESTROYED']],
  [unreachableAs('it did not answer in time'), ['CONNECT_TIMEOUT']],
);

/** The server's codes: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const serverErrors = makersByCode(
  [sessionRejected, ['28000']],
  [wrongLogin, ['28P01']],
  [noDatabase, ['3D000']],
  [noPermission, ['42501']],
  [schemaMissing, ['42P01']],
  [readOnlyServer, ['25006']],
  [unwritableMode, ['22001', '22P05', '22021']],
  [conflict, ['40001', '40003', '40P01', '55P03']],
  [rowRejected, ['23503', '23505', '23514', '23P01']],
  [altered, ['23502', '42703', '42804', '428C9', '42P10']],
  [cutShort, ['57014']],
  [diskFull, ['53100']],
  [tooManyConnections, ['53300']],
  [unreachableAs('it accepts no connections now'), ['55000']],
  // The session was ended, or was idle for too long. Or the server crashed or is starting, or the database
  // was dropped.
  [inTrouble, ['25P03', '25P04', '57P01', '57P02', '57P03', '57P04', '57P05']],
);

/** Classes, the first two characters of a code: connection, resources, system, internal error. */
const serverClasses = makersByCode([inTrouble, ['08', '53', '58', 'XX']]);

/**
 * Converts an error of the driver or of PostgreSQL to a `UniqueIDError`; returns an unknown one unchanged.
 */
export function fromPostgresError(thrown: unknown, destination: Destination): Error {
  if (!(thrown instanceof Error)) return new Error(String(thrown));
  const error: Error & {code?: unknown} = thrown;
  const code = typeof error.code === 'string' ? error.code : '';
  const isOfServer = error instanceof postgres.PostgresError;
  const maker =
    driverErrors.get(code) ??
    (isOfServer ? (serverErrors.get(code) ?? serverClasses.get(code.slice(0, 2))) : undefined);
  if (maker !== undefined) return maker(destination.location, error, destination);
  return (isOfServer ? undefined : fromNetworkError(error, destination)) ?? error;
}

/**
 * Code 28000 means an unknown user, or a pg_hba.conf that requires or forbids TLS. The server's routine
 * distinguishes them in every language. Gateways of hosted databases send no routine; only the text remains.
 */
function sessionRejected(location: string, error: Error, destination: Destination): UniqueIDError {
  const routine = error instanceof postgres.PostgresError ? error.routine : undefined;
  const isAboutTls =
    routine === undefined ? /SSL|encryption/i.test(error.message) : routine === 'ClientAuthentication';
  return isAboutTls ? tlsMismatch(location, error) : wrongLogin(location, error, destination);
}
