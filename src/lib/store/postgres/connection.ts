import postgres from 'postgres';
import type {DatabaseUrl} from '../../config/database-url.js';
import {tlsOptions} from '../tls.js';

export const DEFAULT_PORT = 5432;

/** How long after a lost connection the next one is tried, in seconds: service resumes this soon. */
const RECONNECT_SECONDS = 0.1;

/** Types that the driver does not know by itself: arrays, without asking the server for its catalogue. */
const types = {
  bigint: postgres.BigInt,
  texts: {
    to: 1009,
    from: [1009],
    serialize: (values: readonly string[]) =>
      `{${values.map((value) => `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`).join(',')}}`,
    parse: (text: string) => text as unknown as readonly string[],
  },
  bigints: {
    to: 1016,
    from: [1016],
    serialize: (values: readonly bigint[]) => `{${values.join(',')}}`,
    parse: (text: string) => text as unknown as readonly bigint[],
  },
};

/** A pool of connections to PostgreSQL, or to what speaks its protocol. */
export type Pool = postgres.Sql<{bigint: bigint; texts: readonly string[]; bigints: readonly bigint[]}>;

/** Makes a pool; connections are opened when they are needed. */
export function openPool(url: DatabaseUrl): Pool {
  const {user, password, hosts, database, options} = url;
  const tls = tlsOptions(url);
  return postgres({
    // The driver takes lists of both, which its types do not say.
    host: hosts.map(({host}) => host) as unknown as string,
    port: hosts.map(({port}) => port ?? DEFAULT_PORT) as unknown as number,
    database,
    ...(user === undefined ? {} : {username: user}),
    ...(password === undefined ? {} : {password}),
    ssl: options.sslmode === 'prefer' && tls !== undefined && !('ca' in tls) ? 'prefer' : (tls ?? false),
    max: options.maxConnections,
    connect_timeout: options.connectTimeoutMs / 1000,
    backoff: () => RECONNECT_SECONDS,
    prepare: options.prepare,
    ...(options.targetSessionAttrs === 'any' ? {} : {target_session_attrs: options.targetSessionAttrs}),
    fetch_types: false,
    // A table that is there already is no news.
    onnotice: () => undefined,
    connection: {application_name: 'uniqueid'},
    types,
  });
}
