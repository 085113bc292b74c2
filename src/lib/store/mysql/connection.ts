import {connect, isIP, type Socket} from 'node:net';
import {createPool, type Pool} from 'mysql2/promise';
import type {DatabaseUrl} from '../../config/database-url.js';
import {tlsOptions} from '../tls.js';

/**
 * What every session works under, whatever the server's defaults: errors instead of cut texts and question
 * marks, no locks on gaps between modes, and no long wait for a lock that another group will let go of at once.
 */
const sessionSettings = `
  SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', SESSION autocommit = 1, SESSION innodb_lock_wait_timeout = 5;
  SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED`;

const DEFAULT_PORT = 3306;

/** Makes a pool of connections to MySQL or MariaDB; they are opened when they are needed. */
export function openPool(url: DatabaseUrl): Pool {
  const {user, password, hosts, database, options} = url;
  const [{host, port} = {host: 'localhost', port: undefined}] = hosts;
  // The protocol has no way to ask for TLS and do without: "prefer" is no TLS here, as in the Python service's driver.
  const tls = options.sslmode === 'prefer' ? undefined : tlsOptions(url);
  const pool = createPool({
    host,
    port: port ?? DEFAULT_PORT,
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
    ...(tls === undefined ? {} : {stream: () => namedSocket(host, port ?? DEFAULT_PORT)}),
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
      if (error !== null) connection.destroy();
    });
  });
  return pool;
}

/**
 * A socket that knows what it was connected to, also where that is an address: Node checks the certificate against
 * the name it finds here, and without one against `localhost`; the driver has no option to say it otherwise.
 */
function namedSocket(host: string, port: number): Socket {
  const socket = connect({host, port, noDelay: true, keepAlive: true});
  return isIP(host) === 0 ? socket : Object.assign(socket, {_host: host});
}
