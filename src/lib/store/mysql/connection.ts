import {isIP, type Socket} from 'node:net';
import {setTimeout as sleep} from 'node:timers/promises';
import {createPool, type Pool} from 'mysql2/promise';
import type {DatabaseUrl} from '../../config/database-url.js';
import {PoolSockets} from '../shared/pool-sockets.js';
import {tlsOptions} from '../shared/tls.js';

/**
 * What every session works under, whatever the server's defaults: errors instead of cut texts and question
 * marks, no locks on gaps between modes, and no long wait for a lock that another group will let go of at once. The
 * server notices a client that gave up only after that wait: it bounds the abandoned sessions.
 */
const sessionSettings = `
  SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', SESSION autocommit = 1, SESSION innodb_lock_wait_timeout = 5,
    SESSION lock_wait_timeout = 5;
  SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED`;

const DEFAULT_PORT = 3306;

/** A pool of the driver, and its sockets. */
export interface MysqlPool {
  readonly driver: Pool;
  readonly sockets: PoolSockets;
}

/** Makes a pool of connections to MySQL or MariaDB; they are opened when they are needed. */
export function openPool(url: DatabaseUrl, onSettingsFailed: (error: Error) => void): MysqlPool {
  const {user, password, hosts, database, options} = url;
  const [{host, port = DEFAULT_PORT} = {host: 'localhost'}] = hosts;
  const sockets = new PoolSockets(host, port);
  // The protocol has no way to ask for TLS and do without: "prefer" is no TLS here, as in the Python service's driver.
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
    // A whole group goes out as one text and costs one round trip.
    multipleStatements: true,
    // Without it an update that changes nothing counts as one row, which is also what an insert counts as.
    flags: ['-FOUND_ROWS'],
    supportBigNumbers: true,
    bigNumberStrings: true,
  });
  pool.pool.on('connection', (connection) => {
    connection.query(sessionSettings, (error) => {
      // A session under other rules must not be used.
      if (error === null) return;
      onSettingsFailed(error);
      connection.destroy();
    });
  });
  return {driver: pool, sockets};
}

/** Statements under way may take this long to end when a pool is closed, in milliseconds. */
const CLOSE_PATIENCE_MS = 5000;

/** A server may take this long to close its connections after it was told, in milliseconds. */
const FAREWELL_MS = 1000;

/** Ends all connections; statements under way get a while to end before. */
export async function closePool({driver, sockets}: MysqlPool): Promise<void> {
  // The driver waits without an end for a statement that is never answered.
  const ended = driver.end().catch(() => undefined);
  await Promise.race([ended, sleep(CLOSE_PATIENCE_MS, undefined, {ref: false})]);
  await sockets.areClosed(FAREWELL_MS);
  sockets.destroy();
}

/** Ends all connections now, without a word to a server that does not answer. */
export function giveUpPool({driver, sockets}: MysqlPool): void {
  driver.end().catch(() => undefined);
  sockets.destroy();
}

/**
 * Tells a socket what it is connected to, also where that is an address: Node checks the certificate against
 * the name it finds here, and without one against `localhost`; the driver has no option to say it otherwise.
 */
function named(socket: Socket, host: string): Socket {
  return isIP(host) === 0 ? socket : Object.assign(socket, {_host: host});
}
