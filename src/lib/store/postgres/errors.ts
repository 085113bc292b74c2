import postgres from 'postgres';
import {
  conflict,
  cutShort,
  diskFull,
  fromNetworkError,
  noDatabase,
  noPermission,
  readOnlyServer,
  tlsRefused,
  tooManyConnections,
  unreachable,
  unwritableMode,
  wrongLogin,
  type Destination,
} from '../shared/network-errors.js';
import {alteredFlaw} from '../schema/structure.js';
import {rowRejected, schemaMissing, unsuitable} from '../schema/verdict.js';

/** What the driver itself reports, https://github.com/porsager/postgres#error-handling */
const driverReasons: Readonly<Record<string, string>> = {
  CONNECTION_CLOSED: 'the connection was closed',
  CONNECTION_ENDED: 'the connection was ended',
  CONNECTION_DESTROYED: 'the connection was ended',
  CONNECT_TIMEOUT: 'it did not answer in time',
};

/** An error of the driver or of PostgreSQL as one of ours; codes: https://www.postgresql.org/docs/current/errcodes-appendix.html */
export function fromPostgresError(thrown: unknown, destination: Destination): Error {
  if (!(thrown instanceof Error)) return new Error(String(thrown));
  const error: Error & {code?: unknown} = thrown;
  const code = typeof error.code === 'string' ? error.code : '';
  const {location} = destination;
  const driverReason = driverReasons[code];
  if (driverReason !== undefined) return unreachable(location, driverReason, error);
  if (!(error instanceof postgres.PostgresError)) return fromNetworkError(error, destination) ?? error;
  switch (code) {
    case '28000':
      return /no pg_hba\.conf entry|SSL|encryption/i.test(error.message)
        ? tlsRefused(location, error)
        : wrongLogin(destination, error);
    case '28P01':
      return wrongLogin(destination, error);
    case '3D000':
      return noDatabase(destination, error);
    case '42501':
      return noPermission(destination, error);
    case '42P01':
      return schemaMissing(location, error);
    case '25006':
      return readOnlyServer(location, error);
    case '22001':
    case '22P05':
    case '22021':
      return unwritableMode(location, error);
    case '40001':
    case '40003':
    case '40P01':
    case '55P03':
      return conflict(location, error);
    case '23503':
    case '23505':
    case '23514':
    case '23P01':
      return rowRejected(location, error);
    case '23502':
    case '42703':
    case '42804':
    case '428C9':
    case '42P10':
      return unsuitable(location, alteredFlaw, error);
    case '57014':
      return cutShort(location, error);
    case '53100':
      return diskFull(location, error);
    case '53300':
      return tooManyConnections(location, error);
    case '55000':
      return unreachable(location, 'it takes no connections now', error);
    default:
      // 08: connection exceptions; 57P: the server is starting, stopping or has crashed; 53: out of resources; 58: its disk failed.
      return /^(?:08|57P|53|58|XX)/.test(code)
        ? unreachable(location, 'it is starting, stopping or in trouble', error)
        : error;
  }
}
