import {DEFAULT_MAX_RANGE, MAX_COUNTER} from '../core/range.js';
import {parseDatabaseUrl} from './database-url.js';
import {
  hostNames,
  logLevel,
  modeList,
  optionalPath,
  optionalServer,
  regressionPolicy,
  seconds,
  smallNumber,
  wholeNumber,
  boolean,
} from './parsers.js';
import {cherrypySettings} from './cherrypy-settings.js';
import {inSection} from './setting.js';
export type {Setting} from './setting.js';
const databaseSetting = inSection({file: 'config', section: 'database'});
const uniqueidSetting = inSection({file: 'config', section: 'uniqueid'});

/** All settings. The example files in docs/ explain each; a test keeps them in step with this table. */
export const settings = {
  databaseUrl: databaseSetting({
    key: 'peewee_url',
    env: 'PEEWEE_URL',
    flag: 'database',
    default: 'sqliteext:///db.sqlite3',
    description: 'Database URL.',
    parse: parseDatabaseUrl,
  }),
  connectAttempts: databaseSetting({
    key: 'connect_attempts',
    env: 'DATABASE_CONNECT_ATTEMPTS',
    default: '10',
    unit: 'attempts',
    description: 'Attempts to reach a database that is unavailable at the start.',
    parse: smallNumber(1, 1_000_000),
  }),
  connectWaitMs: databaseSetting({
    key: 'connect_wait',
    env: 'DATABASE_CONNECT_WAIT',
    default: '20',
    unit: 'seconds',
    description: 'Wait between two attempts.',
    parse: seconds(0, 86_400),
  }),
  firstIndex: uniqueidSetting({
    key: 'first_index',
    env: 'UNIQUEID_FIRST_INDEX',
    default: '0',
    description: 'First integer of a new mode.',
    parse: wholeNumber(0n, MAX_COUNTER - 1n),
  }),
  maxRange: uniqueidSetting({
    key: 'max_range',
    env: 'UNIQUEID_MAX_RANGE',
    default: String(DEFAULT_MAX_RANGE),
    unit: 'integers',
    description: 'Largest range that one request may take.',
    parse: wholeNumber(1n, MAX_COUNTER),
  }),
  requestTimeoutMs: uniqueidSetting({
    key: 'request_timeout',
    env: 'UNIQUEID_REQUEST_TIMEOUT',
    flag: 'timeout',
    default: '10',
    unit: 'seconds',
    description: 'Longest wait of a request for an unavailable database.',
    parse: seconds(0.1, 3600),
  }),
  maxQueue: uniqueidSetting({
    key: 'max_queue',
    env: 'UNIQUEID_MAX_QUEUE',
    default: '10000',
    unit: 'requests',
    description: 'Requests that may wait; further ones are answered with 503.',
    parse: smallNumber(1, 1_000_000),
  }),
  allowedModes: uniqueidSetting({
    key: 'allowed_modes',
    env: 'UNIQUEID_ALLOWED_MODES',
    default: '',
    description: 'Modes that may be used; `upload_*` allows a prefix, an empty list allows all.',
    parse: modeList,
  }),
  createModes: uniqueidSetting({
    key: 'create_modes',
    env: 'UNIQUEID_CREATE_MODES',
    default: 'True',
    description: 'Create unknown modes.',
    parse: boolean,
  }),
  maxModes: uniqueidSetting({
    key: 'max_modes',
    env: 'UNIQUEID_MAX_MODES',
    default: '100000',
    unit: 'modes',
    description: 'Modes that the database may hold before no more are created; 0 sets no limit.',
    parse: smallNumber(0, 1_000_000_000),
  }),
  guardFile: uniqueidSetting({
    key: 'guard_file',
    env: 'UNIQUEID_GUARD_FILE',
    default: '',
    description: 'File of the high-water marks; `none` for no file, empty for one beside the data.',
    parse: optionalPath,
  }),
  onRegression: uniqueidSetting({
    key: 'on_regression',
    env: 'UNIQUEID_ON_REGRESSION',
    default: 'raise',
    description: 'Treatment of a counter that went back by accident: `raise` it, or `stop` its mode.',
    parse: regressionPolicy,
  }),
  tokensFile: uniqueidSetting({
    key: 'tokens_file',
    env: 'UNIQUEID_TOKENS_FILE',
    default: '',
    description: 'File of the tokens that clients must send; without it, no token is needed.',
    parse: optionalPath,
  }),
  dashboard: uniqueidSetting({
    key: 'dashboard',
    env: 'UNIQUEID_DASHBOARD',
    default: 'True',
    description: 'Serve the page `/dashboard`.',
    parse: boolean,
  }),
  allowedHosts: uniqueidSetting({
    key: 'allowed_hosts',
    env: 'UNIQUEID_ALLOWED_HOSTS',
    default: '',
    description: 'Host names, without ports, that clients or a proxy use for this service.',
    parse: hostNames,
  }),
  maxConnections: uniqueidSetting({
    key: 'max_connections',
    env: 'UNIQUEID_MAX_CONNECTIONS',
    default: '20000',
    unit: 'connections',
    description: 'Open connections; further ones are closed.',
    parse: smallNumber(1, 1_000_000),
  }),
  headerTimeoutMs: uniqueidSetting({
    key: 'header_timeout',
    env: 'UNIQUEID_HEADER_TIMEOUT',
    default: '20',
    unit: 'seconds',
    description: 'Longest time for a TLS handshake, and for the head of a request to arrive.',
    parse: seconds(0.1, 3600),
  }),
  idleTimeoutMs: uniqueidSetting({
    key: 'idle_timeout',
    env: 'UNIQUEID_IDLE_TIMEOUT',
    default: '65',
    unit: 'seconds',
    description: 'Longest time that an idle connection stays open.',
    parse: seconds(0.1, 86_400),
  }),
  tlsCert: uniqueidSetting({
    key: 'tls_cert',
    env: 'UNIQUEID_TLS_CERT',
    default: '',
    description: 'PEM file of the certificate, followed by its chain; needs `tls_key`.',
    parse: optionalPath,
  }),
  tlsKey: uniqueidSetting({
    key: 'tls_key',
    env: 'UNIQUEID_TLS_KEY',
    default: '',
    description: 'PEM file of the private key; needs `tls_cert`.',
    parse: optionalPath,
  }),
  server: uniqueidSetting({
    key: 'server',
    env: 'UNIQUEID_SERVER',
    flag: 'server',
    default: '',
    description: 'Service that `getid` and `status` ask instead of the database; empty for none.',
    parse: optionalServer,
  }),
  shutdownTimeoutMs: uniqueidSetting({
    key: 'shutdown_timeout',
    env: 'UNIQUEID_SHUTDOWN_TIMEOUT',
    default: '30',
    unit: 'seconds',
    description: 'Longest time to answer accepted requests at shutdown.',
    parse: seconds(0, 3600),
  }),
  logLevel: uniqueidSetting({
    key: 'log_level',
    env: 'UNIQUEID_LOG_LEVEL',
    default: 'info',
    description: 'Least severe records of the error log: `debug`, `info`, `warn` or `error`.',
    parse: logLevel,
  }),
  ...cherrypySettings,
} as const;

/** The name of a setting in the program. */
export type SettingName = keyof typeof settings;

/** The parsed values of all settings. */
export type Settings = {readonly [Name in SettingName]: ReturnType<(typeof settings)[Name]['parse']>};
