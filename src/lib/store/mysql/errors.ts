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
  statementTooLong,
  tlsMismatch,
  tooManyConnections,
  unreachableAs,
  untrustedCertificate,
  unwritableMode,
  wrongLogin,
  type Destination,
  type ErrorMaker,
} from '../shared/network-errors.js';
import {alteredFlaw} from '../schema/structure.js';
import {rowRejected, schemaMissing, unsuitable} from '../schema/verdict.js';
import {binlogFlaw} from './structure.js';

const altered: ErrorMaker = (location, cause) => unsuitable(location, alteredFlaw, cause);
const wrongBinlog: ErrorMaker = (location, cause) => unsuitable(location, binlogFlaw, cause);
const closed = unreachableAs('the connection was closed');
const cut = unreachableAs('the connection was closed unexpectedly');

/** The driver's own codes. */
const driverErrors = makersByCode(
  [closed, ['PROTOCOL_CONNECTION_LOST', 'PROTOCOL_ENQUEUE_AFTER_FATAL_ERROR']],
  [unreachableAs('it did not answer in time'), ['PROTOCOL_SEQUENCE_TIMEOUT']],
  [handshakeFailed, ['HANDSHAKE_SSL_ERROR']],
  [tlsMismatch, ['HANDSHAKE_NO_SSL_SUPPORT']],
);

/** Texts of errors for which the driver sets no code. */
const closedTexts = ['Pool is closed.', 'in closed state'];

/** The server's numbers: https://mariadb.com/kb/en/mariadb-error-code-reference/ */
const serverErrors = makersByCode(
  [wrongLogin, [1045, 1251, 1698]],
  // The host is blocked or not allowed, the account locked, its password expired, or the hour not allowed.
  [wrongLogin, [1129, 1130, 1820, 1862, 3118, 4151]],
  [tlsMismatch, [3159]],
  [noPermission, [1044, 1142, 1143]],
  [noDatabase, [1049]],
  [schemaMissing, [1146]],
  // A character missing from the column's character set, in a comparison (1267, 1270, 1271) or in a row.
  [unwritableMode, [1267, 1270, 1271, 1366, 1406, 3988]],
  [statementTooLong, [1153]],
  [rowRejected, [1062, 1452, 3819, 4025]],
  [altered, [1048, 1054, 1364]],
  [wrongBinlog, [1665]],
  [readOnlyServer, [1223, 1290, 1792, 1836, 3032]],
  // A lost race: deadlock, lock wait, certification failures of Galera and Group Replication, conflicts of
  // TiDB. Also (1180) a commit on a Galera node that was losing its cluster: its result is unknown.
  [conflict, [1020, 1180, 1205, 1213, 3101, 8002, 8022, 8028, 9007]],
  [cutShort, [1317, 1969, 3024]],
  // The first three are of the files under a table, also of a temporary one.
  [diskFull, [3, 20, 1026, 1021, 1114]],
  [tooManyConnections, [1040, 1203, 1226]],
  // Unusable files, shutting down, killed, idle for too long, short of memory or storage nodes. The server of
  // 1047 is a Galera node that has left its cluster.
  [
    unreachableAs('it is starting, shutting down or failing'),
    [
      1, 2, 1030, 1041, 1047, 1053, 1077, 1080, 1135, 1152, 1158, 1159, 1160, 1161, 1184, 1637, 1927, 2006,
      2013, 4031, 9001, 9002, 9003, 9004, 9005,
    ],
  ],
);

/** Converts an error of the driver or the server to a `UniqueIDError`; returns an unknown one unchanged. */
export function fromMysqlError(thrown: unknown, destination: Destination): Error {
  if (!(thrown instanceof Error)) return new Error(String(thrown));
  const error: Error & {code?: unknown; errno?: unknown} = thrown;
  const maker =
    driverErrors.get(error.code) ??
    (closedTexts.some((text) => error.message.includes(text)) ? closed : serverErrors.get(error.errno));
  return maker?.(destination.location, error, destination) ?? fromNetworkError(error, destination) ?? error;
}

/**
 * Distinguishes the failures for which the driver replaces Node's code by one of its own. A system error and
 * a disconnection by the server count as cut; only a text marks the latter. The rest are certificate
 * failures.
 */
function handshakeFailed(
  location: string,
  error: Error & {syscall?: unknown},
  destination: Destination,
): UniqueIDError {
  return error.syscall !== undefined || error.message.includes('disconnected before secure')
    ? cut(location, error, destination)
    : untrustedCertificate(location, error.message, error);
}
