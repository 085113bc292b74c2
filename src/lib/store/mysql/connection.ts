import {isIP, type Socket} from 'node:net';
import {setTimeout as sleep} from 'node:timers/promises';
import {createPool, type Pool} from 'mysql2/promise';
import type {DatabaseUrl} from '../../config/database-url.js';
import {IDLE_TRANSACTION_S} from '../shared/network-store.js';
import {PoolSockets} from '../shared/pool-sockets.js';
import {tlsOptions} from '../shared/tls.js';

/**
 * Settings of every session, whatever the server's defaults. Text that does not fit is an error; it is not
 * truncated or replaced by question marks. No locks on gaps between modes. Lock waits are short, because
 * another batch holds a lock only briefly. The server notices a client that has gone only after that wait, so
 * it also bounds abandoned sessions. MariaDB ends the transaction of a client that has become silent; its
 * comment hides that from MySQL, which has no such setting.
 */
const sessionSettings = `
  SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', SESSION autocommit = 1,
    SESSION innodb_lock_wait_timeout = 5, SESSION lock_wait_timeout = 5
    /*M!100301 , SESSION idle_transaction_timeout = ${IDLE_TRANSACTION_S} */;
  SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED`;

const DEFAULT_PORT = 3306;

/** A pool of the driver, and its sockets. */
export interface DriverPool {
  readonly driver: Pool;
  readonly sockets: PoolSockets;
}

/**
 * Creates a pool for MySQL or MariaDB; connections open on demand.
 *
 * @param url names one host
 */
export function openPool(url: DatabaseUrl, onSettingsFailed: (error: Error) => void): DriverPool {
  const {user, password, hosts, database, options} = url;
  const [{host, port = DEFAULT_PORT} = {host: 'localhost'}] = hosts;
  const sockets = new PoolSockets(host, port);
  // The protocol cannot fall back from TLS to plain text: here "prefer" means no TLS, as in the Python
  // service's driver.
  const tls = options.sslmode === 'prefer' ? undefined : tlsOptions(url);
  const pool = createPool({
    host,
    port,
    database,
    ...(user === undefined ? {} : {user}),
    ...(password === undefined ? {} : {password}),
    ...(tls === undefined
      ? {}
      : {
          ssl: {
            ...tls,
            verifyIdentity: options.sslmode !== 'verify-ca' && options.sslmode !== 'no-verify',
          } as object,
        }),
    stream: () => named(sockets.open(), host),
    connectionLimit: options.maxConnections,
    connectTimeout: options.connectTimeoutMs,
    charset: 'utf8mb4_bin',
    // A whole batch is one text and costs one round trip.
    multipleStatements: true,
    // With FOUND_ROWS, an update that changes nothing counts as one row, like an insert.
    flags: ['-FOUND_ROWS'],
    supportBigNumbers: true,
    bigNumberStrings: true,
  });
  pool.pool.on('connection', (connection) => {
    connection.query(sessionSettings, (error) => {
      // A session with other settings must not be used.
      if (error === null) return;
      onSettingsFailed(error);
      connection.destroy();
    });
  });
  return {driver: pool, sockets};
}

/** The longest wait for running statements when a pool is closed, in milliseconds. */
const CLOSE_TIMEOUT_MS = 5000;

/** The longest wait for a server to close its side of the connections, in milliseconds. */
const FAREWELL_TIMEOUT_MS = 1000;

/** Closes all connections, after a limited wait for running statements. */
export async function closePool({driver, sockets}: DriverPool): Promise<void> {
  // The driver waits forever for a statement without an answer.
  const ended = driver.end().catch(() => undefined);
  await Promise.race([ended, sleep(CLOSE_TIMEOUT_MS, undefined, {ref: false})]);
  await sockets.areClosed(FAREWELL_TIMEOUT_MS);
  sockets.destroy();
}

/** Closes all connections now, without waiting for a server that does not answer. */
export function giveUpPool({driver, sockets}: DriverPool): void {
  driver.end().catch(() => undefined);
  sockets.destroy();
}

/**
 * Stores an IP address as a socket's host name. Node checks the certificate against the name it finds here,
 * or against `localhost` without one; the driver has no option for it.
 */
function named(socket: Socket, host: string): Socket {
  return isIP(host) === 0 ? socket : Object.assign(socket, {_host: host});
}
