import {isAbsolute, sep} from 'node:path';
import {UniqueIDError} from '../core/errors.js';
import {OptionError, parseDatabaseOptions, type DatabaseOptions} from './database-options.js';

/** The kinds of database that have a store. */
export type DatabaseKind = 'sqlite' | 'postgresql' | 'mysql';

/** One host of a network database. */
export interface DatabaseHost {
  /** A name or an address; an IPv6 address has no brackets. */
  readonly host: string;
  /** `undefined` for the default port of the database. */
  readonly port: number | undefined;
}

/** The parts of a database URL as peewee takes it, except that a URL may name several hosts. */
export interface DatabaseUrl {
  readonly kind: DatabaseKind;
  /** The scheme as written, in lower case, without `+pool`. */
  readonly scheme: string;
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** In order of preference; empty for SQLite. */
  readonly hosts: readonly DatabaseHost[];
  /** The name of the database; for SQLite the path of its file. */
  readonly database: string;
  readonly options: DatabaseOptions;
}

/** The schemes of playhouse.db_url, each with its kind of database. */
const kinds: Readonly<Record<string, DatabaseKind>> = {
  sqlite: 'sqlite',
  sqliteext: 'sqlite',
  apsw: 'sqlite',
  postgresql: 'postgresql',
  postgres: 'postgresql',
  postgresqlext: 'postgresql',
  psycopg3: 'postgresql',
  cockroachdb: 'postgresql',
  mysql: 'mysql',
  mariadb: 'mysql',
};

/** The possible forms of a database URL, for errors. */
const databaseUrlRule =
  'sqlite:///FILE, postgresql://USER:PASSWORD@HOST/DATABASE or mysql://USER:PASSWORD@HOST/DATABASE';

/**
 * Parses a database URL as https://docs.peewee-orm.com/en/latest/peewee/playhouse.html#db-url describes it.
 *
 * @throws UniqueIDError `CONFIG_INVALID`; the message never holds the password
 */
export function parseDatabaseUrl(text: string): DatabaseUrl {
  const scheme = /^([a-z0-9]+)(\+[a-z]+)?:\/\//i.exec(text);
  const kind = kinds[scheme?.[1]?.toLowerCase() ?? ''];
  if (scheme === null) throw invalidUrl('it must begin with SCHEME://');
  if (kind === undefined || (scheme[2] ?? '+pool').toLowerCase() !== '+pool') {
    throw invalidUrl(
      `unknown scheme "${scheme[1]}${scheme[2] ?? ''}"`,
      `Use one of ${Object.keys(kinds).join(', ')}, optionally with +pool.`,
    );
  }
  const [schemePrefix, name = ''] = scheme;
  const {userInfo, authority, path, query} = splitParts(text.slice(schemePrefix.length));
  const [user, password] = splitUserInfo(userInfo);
  const hosts = kind === 'sqlite' ? [] : parseHosts(authority);
  // An "@" here means that the password contains a "/": the rest of it would be shown as the path.
  if (kind !== 'sqlite' && (path + query).includes('@')) {
    throw invalidUrl(
      'it has an "@" after its host',
      'Write a "/" in a user name or password as %2F, and an "@" in a database name or option as %40.',
    );
  }
  const url: DatabaseUrl = {
    kind,
    scheme: name.toLowerCase(),
    user,
    password,
    hosts,
    // peewee does not decode the path of an SQLite file.
    database: kind === 'sqlite' ? path : decode(path),
    options: readOptions(kind, hosts.length, query),
  };
  if (kind === 'sqlite') assertSqlite(url, userInfo ?? authority);
  else if (url.database === '') throw invalidUrl('it names no database after its host');
  return url;
}

/** Returns the URL without its password, or the absolute path of an SQLite file: for messages and logs. */
export function redactDatabaseUrl({scheme, user, password, hosts, database}: DatabaseUrl): string {
  if (hosts.length === 0) return absolutePath(database);
  const login = user === undefined ? '' : `${user}${password === undefined ? '' : ':***'}@`;
  return `${scheme}://${login}${hosts.map(formatHost).join(',')}/${database}`;
}

/** Returns a host as a URL names it. */
export function formatHost({host, port}: DatabaseHost): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return port === undefined ? name : `${name}:${port}`;
}

/**
 * Returns a path as absolute, because a reader may not know the working folder. Keeps each `..`: after a
 * symbolic link, `path.resolve` would name another file.
 */
export function absolutePath(path: string): string {
  if (isAbsolute(path)) return path;
  const folder = process.cwd();
  return `${folder.endsWith(sep) ? folder : folder + sep}${path.replace(/^(?:\.\/+)+/, '')}`;
}

/** Returns true if a text has a password at its place in a database URL; the rest may be invalid. */
export function hasPassword(text = ''): boolean {
  return text.slice(text.indexOf('://') + 3, Math.max(0, text.lastIndexOf('@'))).includes(':');
}

interface UrlParts {
  readonly userInfo: string | undefined;
  readonly authority: string;
  readonly path: string;
  readonly query: string;
}

/**
 * Splits the part after the scheme. The password ends at the last `@` before the first `/`. So it may
 * hold `;`, `#`, `:` and `?` as they are, but `/` and `%` only percent-encoded.
 */
function splitParts(rest: string): UrlParts {
  const slash = rest.indexOf('/');
  let end = slash < 0 ? rest.length : slash;
  let at = end - 1;
  // Scans from the right: `end` is the end of the hosts if they begin at `at + 1`.
  for (; at >= 0; at--) {
    const character = rest.charAt(at);
    if (character === '@' && rest.charAt(end) !== '#') break;
    if (character === '?' || character === '#') end = at;
  }
  if (rest.charAt(end) === '#') throw invalidUrl('it cannot be split into user, host and path');
  const mark = rest.indexOf('?', end);
  const pathEnd = mark < 0 ? rest.length : mark;
  return {
    userInfo: at < 0 ? undefined : rest.slice(0, at),
    authority: rest.slice(at + 1, end),
    path: rest.slice(end + 1, Math.max(pathEnd, end + 1)),
    query: rest.slice(pathEnd + 1),
  };
}

function splitUserInfo(userInfo: string | undefined): [string | undefined, string | undefined] {
  if (userInfo === undefined) return [undefined, undefined];
  const colon = userInfo.indexOf(':');
  if (colon < 0) return [decode(userInfo), undefined];
  return [decode(userInfo.slice(0, colon)), decode(userInfo.slice(colon + 1))];
}

/** Returns true if `net.isIPv6` would. Loading `node:net` is a twelfth of the start of `getid`. */
function isIPv6(text: string): boolean {
  return /^[\da-f:.]+(?:%[\da-z.:-]+)?$/i.test(text) && URL.canParse(`http://[${text.replace(/%.*/, '')}]`);
}

/** Parses the list of hosts. Only a single host may be empty: in a list that is a typing error. */
function parseHosts(text: string): readonly DatabaseHost[] {
  return text.split(',').map((each, _, {length}) => {
    const match = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d+))?$/.exec(each);
    const [, address, name = '', digits] = match ?? [];
    const port = digits === undefined ? undefined : Number(digits);
    const host = address ?? (name === '' && length === 1 ? 'localhost' : name);
    const isHost = match !== null && host !== '' && (address === undefined || isIPv6(address));
    if (!isHost || (port !== undefined && (port < 1 || port > 65_535))) {
      throw invalidUrl(
        'each host must be HOST or HOST:PORT with a port from 1 to 65535',
        'Separate several hosts by commas, write an IPv6 address as [::1], ' +
          'and a "/" in a user name or password as %2F.',
      );
    }
    return {host, port};
  });
}

function splitQuery(query: string): ReadonlyMap<string, string> {
  const options = new Map<string, string>();
  for (const pair of query.split('&')) {
    if (pair === '') continue;
    const equals = pair.includes('=') ? pair.indexOf('=') : pair.length;
    options.set(decode(pair.slice(0, equals)), decode(pair.slice(equals + 1).replaceAll('+', ' ')));
  }
  return options;
}

function assertSqlite(url: DatabaseUrl, authority: string): void {
  if (authority !== '') {
    throw invalidUrl(
      'an SQLite URL must not name a host',
      'Write three slashes before a relative path (sqlite:///db.sqlite3), ' +
        'four before an absolute one (sqlite:////srv/db.sqlite3).',
    );
  }
  if (url.database === '' || url.database === ':memory:') {
    throw invalidUrl(
      'an SQLite database in memory loses every counter at exit',
      'Name a file, such as sqlite:///db.sqlite3.',
    );
  }
}

function readOptions(kind: DatabaseKind, hosts: number, query: string): DatabaseOptions {
  try {
    return parseDatabaseOptions(kind, hosts, splitQuery(query));
  } catch (error) {
    if (error instanceof OptionError) throw invalidUrl(error.message, error.hint);
    throw error;
  }
}

/** Percent-decodes valid codes; keeps a `%` that begins no code, as Python's unquote does. */
function decode(text: string): string {
  return text.replaceAll(/(?:%[0-9a-f]{2})+/gi, (codes) =>
    Buffer.from(codes.replaceAll('%', ''), 'hex').toString('utf8'),
  );
}

function invalidUrl(problem: string, hint = `Write ${databaseUrlRule}.`): UniqueIDError {
  return new UniqueIDError('CONFIG_INVALID', `Invalid database URL: ${problem}.`, {hint});
}
