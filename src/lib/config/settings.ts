import {DEFAULT_MAX_RANGE, MAX_COUNTER} from '../core/range.js';
import {parseDatabaseUrl} from './database-url.js';
import {
  headerList,
  hostAddress,
  hostNames,
  modeList,
  optionalPath,
  seconds,
  smallNumber,
  wholeNumber,
  yesOrNo,
  type Reader,
} from './parsers.js';

/** One thing that can be configured: where it may stand, what it may say, and what it is without a word. */
export interface Setting<T = unknown> {
  /** Which of the two files it stands in: our own, or CherryPy's. */
  readonly file: 'service' | 'server';
  readonly section: string;
  readonly key: string;
  /** The environment variable that overrides the file. */
  readonly env: string;
  /** The flag that overrides both, where a command has one. */
  readonly flag?: string;
  /** The default, as it would be written in the file. */
  readonly fallback: string;
  readonly read: Reader<T>;
}

function setting<T>(definition: Setting<T>): Setting<T> {
  return definition;
}

/** All settings. The example files in docs/ explain each; a test keeps them in step with this table. */
export const settings = {
  databaseUrl: setting({
    file: 'service',
    section: 'database',
    key: 'peewee_url',
    env: 'PEEWEE_URL',
    flag: 'database',
    fallback: 'sqliteext:///db.sqlite3',
    read: parseDatabaseUrl,
  }),
  connectAttempts: setting({
    file: 'service',
    section: 'database',
    key: 'connect_attempts',
    env: 'DATABASE_CONNECT_ATTEMPTS',
    fallback: '10',
    read: smallNumber(1, 1_000_000),
  }),
  connectWaitMs: setting({
    file: 'service',
    section: 'database',
    key: 'connect_wait',
    env: 'DATABASE_CONNECT_WAIT',
    fallback: '20',
    read: seconds(0, 86_400),
  }),
  firstIndex: setting({
    file: 'service',
    section: 'uniqueid',
    key: 'first_index',
    env: 'UNIQUEID_FIRST_INDEX',
    fallback: '0',
    read: wholeNumber(0n, MAX_COUNTER - 1n),
  }),
  maxRange: setting({
    file: 'service',
    section: 'uniqueid',
    key: 'max_range',
    env: 'UNIQUEID_MAX_RANGE',
    fallback: String(DEFAULT_MAX_RANGE),
    read: wholeNumber(1n, MAX_COUNTER),
  }),
  requestTimeoutMs: setting({
    file: 'service',
    section: 'uniqueid',
    key: 'request_timeout',
    env: 'UNIQUEID_REQUEST_TIMEOUT',
    flag: 'timeout',
    fallback: '10',
    read: seconds(0.1, 3600),
  }),
  maxQueue: setting({
    file: 'service',
    section: 'uniqueid',
    key: 'max_queue',
    env: 'UNIQUEID_MAX_QUEUE',
    fallback: '10000',
    read: smallNumber(1, 1_000_000),
  }),
  allowedModes: setting({
    file: 'service',
    section: 'uniqueid',
    key: 'allowed_modes',
    env: 'UNIQUEID_ALLOWED_MODES',
    fallback: '',
    read: modeList,
  }),
  createModes: setting({
    file: 'service',
    section: 'uniqueid',
    key: 'create_modes',
    env: 'UNIQUEID_CREATE_MODES',
    fallback: 'True',
    read: yesOrNo,
  }),
  maxModes: setting({
    file: 'service',
    section: 'uniqueid',
    key: 'max_modes',
    env: 'UNIQUEID_MAX_MODES',
    fallback: '100000',
    read: smallNumber(0, 1_000_000_000),
  }),
  tokensFile: setting({
    file: 'service',
    section: 'uniqueid',
    key: 'tokens_file',
    env: 'UNIQUEID_TOKENS_FILE',
    fallback: '',
    read: optionalPath,
  }),
  allowedHosts: setting({
    file: 'service',
    section: 'uniqueid',
    key: 'allowed_hosts',
    env: 'UNIQUEID_ALLOWED_HOSTS',
    fallback: '',
    read: hostNames,
  }),
  maxConnections: setting({
    file: 'service',
    section: 'uniqueid',
    key: 'max_connections',
    env: 'UNIQUEID_MAX_CONNECTIONS',
    fallback: '20000',
    read: smallNumber(1, 1_000_000),
  }),
  headerTimeoutMs: setting({
    file: 'service',
    section: 'uniqueid',
    key: 'header_timeout',
    env: 'UNIQUEID_HEADER_TIMEOUT',
    fallback: '20',
    read: seconds(0.1, 3600),
  }),
  idleTimeoutMs: setting({
    file: 'service',
    section: 'uniqueid',
    key: 'idle_timeout',
    env: 'UNIQUEID_IDLE_TIMEOUT',
    fallback: '65',
    read: seconds(0.1, 86_400),
  }),
  tlsCert: setting({
    file: 'service',
    section: 'uniqueid',
    key: 'tls_cert',
    env: 'UNIQUEID_TLS_CERT',
    fallback: '',
    read: optionalPath,
  }),
  tlsKey: setting({
    file: 'service',
    section: 'uniqueid',
    key: 'tls_key',
    env: 'UNIQUEID_TLS_KEY',
    fallback: '',
    read: optionalPath,
  }),
  shutdownTimeoutMs: setting({
    file: 'service',
    section: 'uniqueid',
    key: 'shutdown_timeout',
    env: 'UNIQUEID_SHUTDOWN_TIMEOUT',
    fallback: '30',
    read: seconds(0, 3600),
  }),
  address: setting({
    file: 'server',
    section: 'global',
    key: 'server.socket_host',
    env: 'UNIQUEID_ADDRESS',
    flag: 'address',
    fallback: '127.0.0.1',
    read: hostAddress,
  }),
  port: setting({
    file: 'server',
    section: 'global',
    key: 'server.socket_port',
    env: 'UNIQUEID_PORT',
    flag: 'port',
    fallback: '8051',
    read: smallNumber(0, 65_535),
  }),
  logScreen: setting({
    file: 'server',
    section: 'global',
    key: 'log.screen',
    env: 'UNIQUEID_LOG_SCREEN',
    fallback: 'False',
    read: yesOrNo,
  }),
  accessFile: setting({
    file: 'server',
    section: 'global',
    key: 'log.access_file',
    env: 'UNIQUEID_ACCESS_FILE',
    fallback: '',
    read: optionalPath,
  }),
  errorFile: setting({
    file: 'server',
    section: 'global',
    key: 'log.error_file',
    env: 'UNIQUEID_ERROR_FILE',
    fallback: '',
    read: optionalPath,
  }),
  responseHeadersOn: setting({
    file: 'server',
    section: '/',
    key: 'tools.response_headers.on',
    env: 'UNIQUEID_RESPONSE_HEADERS_ON',
    fallback: 'False',
    read: yesOrNo,
  }),
  responseHeaders: setting({
    file: 'server',
    section: '/',
    key: 'tools.response_headers.headers',
    env: 'UNIQUEID_RESPONSE_HEADERS',
    fallback: '[]',
    read: headerList,
  }),
} as const;

/** The name of a setting in the program. */
export type SettingName = keyof typeof settings;

/** What all settings come to. */
export type Settings = {readonly [Name in SettingName]: ReturnType<(typeof settings)[Name]['read']>};
