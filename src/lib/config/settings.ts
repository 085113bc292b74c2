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
  boolean,
  type Parser,
} from './parsers.js';

/** One setting: the places that can set it, its parser and its default. */
export interface Setting<T = unknown> {
  /** The file that holds it: our own, or CherryPy's. */
  readonly file: 'config' | 'cherrypy';
  readonly section: string;
  readonly key: string;
  /** The environment variable that overrides the file. */
  readonly env: string;
  /** The flag that overrides both, if a command has one. */
  readonly flag?: string;
  /** The default, as written in the file. */
  readonly default: string;
  readonly parse: Parser<T>;
}

/** Keeps the exact type of each entry. */
function setting<const Definition extends Setting>(definition: Definition): Definition {
  return definition;
}

/** All settings. The example files in docs/ explain each; a test keeps them in step with this table. */
export const settings = {
  databaseUrl: setting({
    file: 'config',
    section: 'database',
    key: 'peewee_url',
    env: 'PEEWEE_URL',
    flag: 'database',
    default: 'sqliteext:///db.sqlite3',
    parse: parseDatabaseUrl,
  }),
  connectAttempts: setting({
    file: 'config',
    section: 'database',
    key: 'connect_attempts',
    env: 'DATABASE_CONNECT_ATTEMPTS',
    default: '10',
    parse: smallNumber(1, 1_000_000),
  }),
  connectWaitMs: setting({
    file: 'config',
    section: 'database',
    key: 'connect_wait',
    env: 'DATABASE_CONNECT_WAIT',
    default: '20',
    parse: seconds(0, 86_400),
  }),
  firstIndex: setting({
    file: 'config',
    section: 'uniqueid',
    key: 'first_index',
    env: 'UNIQUEID_FIRST_INDEX',
    default: '0',
    parse: wholeNumber(0n, MAX_COUNTER - 1n),
  }),
  maxRange: setting({
    file: 'config',
    section: 'uniqueid',
    key: 'max_range',
    env: 'UNIQUEID_MAX_RANGE',
    default: String(DEFAULT_MAX_RANGE),
    parse: wholeNumber(1n, MAX_COUNTER),
  }),
  requestTimeoutMs: setting({
    file: 'config',
    section: 'uniqueid',
    key: 'request_timeout',
    env: 'UNIQUEID_REQUEST_TIMEOUT',
    flag: 'timeout',
    default: '10',
    parse: seconds(0.1, 3600),
  }),
  maxQueue: setting({
    file: 'config',
    section: 'uniqueid',
    key: 'max_queue',
    env: 'UNIQUEID_MAX_QUEUE',
    default: '10000',
    parse: smallNumber(1, 1_000_000),
  }),
  allowedModes: setting({
    file: 'config',
    section: 'uniqueid',
    key: 'allowed_modes',
    env: 'UNIQUEID_ALLOWED_MODES',
    default: '',
    parse: modeList,
  }),
  createModes: setting({
    file: 'config',
    section: 'uniqueid',
    key: 'create_modes',
    env: 'UNIQUEID_CREATE_MODES',
    default: 'True',
    parse: boolean,
  }),
  maxModes: setting({
    file: 'config',
    section: 'uniqueid',
    key: 'max_modes',
    env: 'UNIQUEID_MAX_MODES',
    default: '100000',
    parse: smallNumber(0, 1_000_000_000),
  }),
  tokensFile: setting({
    file: 'config',
    section: 'uniqueid',
    key: 'tokens_file',
    env: 'UNIQUEID_TOKENS_FILE',
    default: '',
    parse: optionalPath,
  }),
  allowedHosts: setting({
    file: 'config',
    section: 'uniqueid',
    key: 'allowed_hosts',
    env: 'UNIQUEID_ALLOWED_HOSTS',
    default: '',
    parse: hostNames,
  }),
  maxConnections: setting({
    file: 'config',
    section: 'uniqueid',
    key: 'max_connections',
    env: 'UNIQUEID_MAX_CONNECTIONS',
    default: '20000',
    parse: smallNumber(1, 1_000_000),
  }),
  headerTimeoutMs: setting({
    file: 'config',
    section: 'uniqueid',
    key: 'header_timeout',
    env: 'UNIQUEID_HEADER_TIMEOUT',
    default: '20',
    parse: seconds(0.1, 3600),
  }),
  idleTimeoutMs: setting({
    file: 'config',
    section: 'uniqueid',
    key: 'idle_timeout',
    env: 'UNIQUEID_IDLE_TIMEOUT',
    default: '65',
    parse: seconds(0.1, 86_400),
  }),
  tlsCert: setting({
    file: 'config',
    section: 'uniqueid',
    key: 'tls_cert',
    env: 'UNIQUEID_TLS_CERT',
    default: '',
    parse: optionalPath,
  }),
  tlsKey: setting({
    file: 'config',
    section: 'uniqueid',
    key: 'tls_key',
    env: 'UNIQUEID_TLS_KEY',
    default: '',
    parse: optionalPath,
  }),
  shutdownTimeoutMs: setting({
    file: 'config',
    section: 'uniqueid',
    key: 'shutdown_timeout',
    env: 'UNIQUEID_SHUTDOWN_TIMEOUT',
    default: '30',
    parse: seconds(0, 3600),
  }),
  address: setting({
    file: 'cherrypy',
    section: 'global',
    key: 'server.socket_host',
    env: 'UNIQUEID_ADDRESS',
    flag: 'address',
    default: '127.0.0.1',
    parse: hostAddress,
  }),
  port: setting({
    file: 'cherrypy',
    section: 'global',
    key: 'server.socket_port',
    env: 'UNIQUEID_PORT',
    flag: 'port',
    default: '8051',
    parse: smallNumber(0, 65_535),
  }),
  logScreen: setting({
    file: 'cherrypy',
    section: 'global',
    key: 'log.screen',
    env: 'UNIQUEID_LOG_SCREEN',
    default: 'False',
    parse: boolean,
  }),
  accessFile: setting({
    file: 'cherrypy',
    section: 'global',
    key: 'log.access_file',
    env: 'UNIQUEID_ACCESS_FILE',
    default: '',
    parse: optionalPath,
  }),
  errorFile: setting({
    file: 'cherrypy',
    section: 'global',
    key: 'log.error_file',
    env: 'UNIQUEID_ERROR_FILE',
    default: '',
    parse: optionalPath,
  }),
  responseHeadersOn: setting({
    file: 'cherrypy',
    section: '/',
    key: 'tools.response_headers.on',
    env: 'UNIQUEID_RESPONSE_HEADERS_ON',
    default: 'False',
    parse: boolean,
  }),
  responseHeaders: setting({
    file: 'cherrypy',
    section: '/',
    key: 'tools.response_headers.headers',
    env: 'UNIQUEID_RESPONSE_HEADERS',
    default: '[]',
    parse: headerList,
  }),
} as const;

/** The name of a setting in the program. */
export type SettingName = keyof typeof settings;

/** The parsed values of all settings. */
export type Settings = {readonly [Name in SettingName]: ReturnType<(typeof settings)[Name]['parse']>};
