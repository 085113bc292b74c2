import postgres from 'postgres';
import type {DatabaseUrl} from '../../../config/database-url.js';
import type {PoolSockets} from '../../shared/pool-sockets.js';
import {tlsOptions} from '../../shared/tls.js';

export const DEFAULT_PORT = 5432;

/** How long after a lost connection the next one is tried, in seconds: service resumes this soon. */
const RECONNECT_SECONDS = 0.1;

/**
 * Types that the driver does not know by itself: arrays, without asking the server for its catalogue. Where a prepared
 * statement is no longer valid, such as after the table was altered, the driver asks again and hands in its own text.
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

/** The driver's pool of connections to PostgreSQL, or to what speaks its protocol. */
export type Driver = postgres.Sql<{
  bigint: bigint;
  texts: readonly string[];
  bigints: readonly bigint[];
  booleans: readonly boolean[];
}>;

/** What happens to connections beside their answers. */
export interface PoolEvents {
  /** Called before the answer to a commit that no synchronous standby has confirmed. */
  readonly unreplicated: () => void;
  /** Called when a connection is closed; the pool makes another if it is needed. */
  readonly lost: () => void;
}

/**
 * Makes a pool of connections to one host; they are opened when they are needed. The driver is never told of several:
 * it takes a hot standby of PostgreSQL 14 and later for one that can be written, and tries without a pause and without
 * an end while all are away.
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
      // Somebody has cancelled the wait for the standby: PostgreSQL warns, and answers as if all were well. Other
      // notices, such as of a table that is there already, are no news.
      if (routine === 'SyncRepWaitForLSN') events.unreplicated();
    },
    onclose: () => {
      events.lost();
    },
    connection: {application_name: 'uniqueid'},
    types,
  });
}
