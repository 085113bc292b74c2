import {
  certificateRefused,
  conflict,
  cutShort,
  diskFull,
  fromNetworkError,
  noDatabase,
  noPermission,
  readOnlyServer,
  statementTooLong,
  tlsRefused,
  tooManyConnections,
  unreachable,
  unwritableMode,
  wrongLogin,
  type Destination,
} from '../shared/network-errors.js';
import {alteredFlaw} from '../schema/structure.js';
import {rowRejected, schemaMissing, unsuitable} from '../schema/verdict.js';
import {binlogFlaw} from './structure.js';

/** What mysql2 itself reports. */
const driverReasons: Readonly<Record<string, string>> = {
  PROTOCOL_CONNECTION_LOST: 'the connection was closed',
  PROTOCOL_ENQUEUE_AFTER_FATAL_ERROR: 'the connection was closed',
  PROTOCOL_SEQUENCE_TIMEOUT: 'it did not answer in time',
};

/** An error of the driver, of MySQL or of MariaDB as one of ours; numbers: https://mariadb.com/kb/en/mariadb-error-code-reference/ */
export function fromMysqlError(thrown: unknown, destination: Destination): Error {
  if (!(thrown instanceof Error)) return new Error(String(thrown));
  const error: Error & {code?: unknown; errno?: unknown; syscall?: unknown} = thrown;
  const {location} = destination;
  const code = typeof error.code === 'string' ? error.code : '';
  const driverReason = driverReasons[code];
  if (driverReason !== undefined) return unreachable(location, driverReason, error);
  // The driver puts this code over the one that Node gave: what the system reported is a cut, the rest is distrust.
  if (code === 'HANDSHAKE_SSL_ERROR') {
    return error.syscall !== undefined || error.message.includes('disconnected before secure')
      ? unreachable(location, 'the connection was cut', error)
      : certificateRefused(location, error.message, error);
  }
  if (code === 'HANDSHAKE_NO_SSL_SUPPORT') return tlsRefused(location, error);
  if (error.message === 'Pool is closed.' || error.message.includes('in closed state')) {
    return unreachable(location, 'the connection was closed', error);
  }
  switch (error.errno) {
    case 1045:
    case 1698:
    case 1251:
    // From this host, with this account as it is now (locked, its password expired), at this hour: nobody gets in.
    case 1129:
    case 1130:
    case 1820:
    case 1862:
    case 3118:
    case 4151:
      return wrongLogin(destination, error);
    case 3159:
      return tlsRefused(location, error);
    case 1044:
    case 1142:
    case 1143:
      return noPermission(destination, error);
    case 1049:
      return noDatabase(destination, error);
    case 1146:
      return schemaMissing(location, error);
    // A comparison with the column where its character set lacks a character (1267, 1270, 1271), or a row with one.
    case 1267:
    case 1270:
    case 1271:
    case 1366:
    case 1406:
    case 3988:
      return unwritableMode(location, error);
    case 1153:
      return statementTooLong(location, error);
    case 1062:
    case 1452:
    case 3819:
    case 4025:
      return rowRejected(location, error);
    case 1048:
    case 1054:
    case 1364:
      return unsuitable(location, alteredFlaw, error);
    case 1665:
      return unsuitable(location, binlogFlaw, error);
    case 1223:
    case 1290:
    case 1792:
    case 1836:
    case 3032:
      return readOnlyServer(location, error);
    // A lost race: deadlock, lock wait, certification failures of Galera and Group Replication, conflicts of TiDB.
    // Also (1180) a commit in a node of Galera that was losing its cluster: what came of it is not known.
    case 1180:
    case 1205:
    case 1213:
    case 1020:
    case 3101:
    case 8002:
    case 8022:
    case 8028:
    case 9007:
      return conflict(location, error);
    case 1317:
    case 1969:
    case 3024:
      return cutShort(location, error);
    case 1021:
    case 1114:
      return diskFull(location, error);
    case 1040:
    case 1203:
    case 1226:
      return tooManyConnections(location, error);
    // Stopping, killed, idle for too long, short of memory or of storage nodes, or (1047) a node of Galera that is no
    // part of its cluster now.
    case 1041:
    case 1047:
    case 1053:
    case 1077:
    case 1080:
    case 1135:
    case 1152:
    case 1158:
    case 1159:
    case 1160:
    case 1161:
    case 1184:
    case 1637:
    case 1927:
    case 2006:
    case 2013:
    case 4031:
    case 9001:
    case 9002:
    case 9003:
    case 9004:
    case 9005:
      return unreachable(location, 'it is starting, stopping or in trouble', error);
    default:
      return fromNetworkError(error, destination) ?? error;
  }
}
