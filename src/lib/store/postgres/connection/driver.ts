import postgres from 'postgres';
import type {DatabaseUrl} from '../../../config/database-url.js';
import type {PoolSockets} from '../../shared/pool-sockets.js';
import {tlsOptions} from '../../shared/tls.js';

export const DEFAULT_PORT = 5432;

/** Delay before the next connection attempt, in seconds: service resumes this soon after an outage. */
const RECONNECT_SECONDS = 0.1;

/**
 * Types that the driver lacks: `bigint`, and arrays without a query of the server's catalogue. If a prepared
 * statement has become invalid, for example by ALTER TABLE, the driver retries with the text it has
 * already serialized.
 */
const types = {
  bigint: postgres.BigInt,
  texts: {
    to: 1009,
    from: [1009],
    serialize: (values: readonly string[] | string) =>
      typeof values === 'string'
        ? values
        : `{${values.map((value) => `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`).join(',')}}`,
    parse: (text: string) => text as unknown as readonly string[],
  },
  bigints: {
    to: 1016,
    from: [1016],
    serialize: (values: readonly bigint[] | string) =>
      typeof values === 'string' ? values : `{${values.join(',')}}`,
    parse: (text: string) => text as unknown as readonly bigint[],
  },
  booleans: {
    to: 1000,
    from: [1000],
    serialize: (values: readonly boolean[] | string) =>
      typeof values === 'string' ? values : `{${values.join(',')}}`,
    parse: (text: string) => text as unknown as readonly boolean[],
  },
};

/** The driver's connection pool for PostgreSQL and other servers that speak its protocol. */
export type Driver = postgres.Sql<{
  bigint: bigint;
  texts: readonly string[];
  bigints: readonly bigint[];
  booleans: readonly boolean[];
}>;

/** Receives events of connections. */
export interface PoolEvents {
  /** Called before the answer to a commit that no synchronous standby has confirmed. */
  readonly unreplicated: () => void;
  /** Called when a connection is closed; the pool opens another when one is needed. */
  readonly lost: () => void;
}

/**
 * Creates a pool for one host; connections open on demand. The driver's own support of several hosts is not
 * used. It treats a hot standby of PostgreSQL 14 and later as writable, and retries forever without a pause
 * while all hosts are unreachable.
 */
export function connectDriver(url: DatabaseUrl, sockets: PoolSockets, events: PoolEvents): Driver {
  const {user, password, database, options} = url;
  const {host, port} = sockets;
  const tls = tlsOptions(url);
  return postgres({
    host,
    port,
    // The driver reads the name for TLS here. Its types lack the option.
    ...{socket: () => Object.assign(sockets.open(), {host})},
    database,
    ...(user === undefined ? {} : {username: user}),
    ...(password === undefined ? {} : {password}),
    ssl: options.sslmode === 'prefer' && tls !== undefined && !('ca' in tls) ? 'prefer' : (tls ?? false),
    max: options.maxConnections,
    connect_timeout: options.connectTimeoutMs / 1000,
    backoff: () => RECONNECT_SECONDS,
    prepare: options.prepare,
    fetch_types: false,
    onnotice: ({routine}) => {
      // The wait for the standby was cancelled: PostgreSQL only warns, and answers with success. Other
      // notices, such as one about an existing table, do not matter.
      if (routine === 'SyncRepWaitForLSN') events.unreplicated();
    },
    onclose: () => {
      events.lost();
    },
    connection: {application_name: 'uniqueid'},
    types,
  });
}
