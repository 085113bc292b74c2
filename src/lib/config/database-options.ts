import {InvalidValue, seconds, smallNumber, boolean, type Parser} from './parsers.js';
import {quoteTyped} from '../util/text/redact.js';

/** The encryption of a connection to a network database. */
export type SslMode = 'disable' | 'prefer' | 'no-verify' | 'require' | 'verify-ca' | 'verify-full';

/** The acceptable hosts of several, in the words of libpq. */
export type SessionAttributes = 'any' | 'read-write' | 'primary';

/** The parsed options after the `?` of a database URL. */
export interface DatabaseOptions {
  readonly sslmode: SslMode;
  /** Files in PEM form. */
  readonly sslrootcert: string | undefined;
  readonly sslcert: string | undefined;
  readonly sslkey: string | undefined;
  readonly connectTimeoutMs: number;
  /** The size of the pool of connections. */
  readonly maxConnections: number;
  /** False for a PgBouncer in transaction mode that is older than 1.21. */
  readonly prepare: boolean;
  readonly targetSessionAttrs: SessionAttributes;
}

interface Option {
  readonly kinds: readonly string[];
  readonly parse: Parser<unknown>;
  /** The field that takes the value; an option without a field has no effect here and is only checked. */
  readonly field?: keyof DatabaseOptions;
}

const all = ['sqlite', 'postgresql', 'mysql'];
const network = ['postgresql', 'mysql'];

function oneOf<T extends string>(...words: readonly T[]): Parser<T> {
  return (text) => {
    const word = words.find((each) => each === text.toLowerCase());
    if (word === undefined) throw new InvalidValue(`one of ${words.join(', ')}`);
    return word;
  };
}

const filePath: Parser<string> = (text) => {
  if (text === '') throw new InvalidValue('the path of a file');
  return text;
};

const options: Readonly<Record<string, Option>> = {
  // Options of peewee's pools: each kind has a +pool scheme.
  max_connections: {kinds: all, parse: smallNumber(1, 100), field: 'maxConnections'},
  stale_timeout: {kinds: all, parse: seconds(0, 86_400)},
  timeout: {kinds: all, parse: seconds(0, 86_400)},
  sslmode: {
    kinds: network,
    parse: oneOf('disable', 'prefer', 'no-verify', 'require', 'verify-ca', 'verify-full'),
    field: 'sslmode',
  },
  sslrootcert: {kinds: network, parse: filePath, field: 'sslrootcert'},
  sslcert: {kinds: network, parse: filePath, field: 'sslcert'},
  sslkey: {kinds: network, parse: filePath, field: 'sslkey'},
  connect_timeout: {kinds: network, parse: seconds(0.1, 600), field: 'connectTimeoutMs'},
  prepare: {kinds: ['postgresql'], parse: boolean, field: 'prepare'},
  target_session_attrs: {
    kinds: ['postgresql'],
    parse: oneOf('any', 'read-write', 'primary'),
    field: 'targetSessionAttrs',
  },
  // peewee passes it to its driver; here every connection uses UTF-8.
  charset: {kinds: ['mysql'], parse: oneOf('utf8', 'utf8mb3', 'utf8mb4')},
};

/** Reports why an option cannot be used, as the end of a sentence, and what to do. */
export class OptionError extends Error {
  constructor(
    message: string,
    readonly hint: string,
  ) {
    super(message);
  }
}

/**
 * Parses the options of a URL.
 *
 * @param kind the kind of database
 * @param hosts how many hosts the URL names; with several, the default requires one that accepts writes, and
 *   waits less for each
 * @throws OptionError
 */
export function parseDatabaseOptions(
  kind: string,
  hosts: number,
  parameters: ReadonlyMap<string, string>,
): DatabaseOptions {
  const read: Partial<Record<keyof DatabaseOptions, unknown>> = {};
  for (const [name, text] of parameters) {
    const option = Object.hasOwn(options, name) ? options[name] : undefined;
    if (!option?.kinds.includes(kind)) throw unknownOption(kind, name);
    try {
      const value = option.parse(text);
      if (option.field !== undefined) read[option.field] = value;
    } catch (error) {
      if (!(error instanceof InvalidValue)) throw error;
      throw new OptionError(
        `option ${name} must be ${error.allowed}, not ${quoteTyped(text)}`,
        `Correct ${name}= in the URL, or remove it.`,
      );
    }
  }
  return {
    // The default of libpq, as in the Python service; a certificate to verify against implies verification.
    sslmode: read.sslrootcert === undefined ? 'prefer' : 'verify-full',
    sslrootcert: undefined,
    sslcert: undefined,
    sslkey: undefined,
    connectTimeoutMs: hosts > 1 ? 2000 : 5000,
    maxConnections: 4,
    prepare: true,
    targetSessionAttrs: hosts > 1 ? 'read-write' : 'any',
    ...(read as Partial<DatabaseOptions>),
  };
}

function unknownOption(kind: string, name: string): OptionError {
  const known = Object.keys(options).filter((each) => options[each]?.kinds.includes(kind));
  return new OptionError(
    `unknown option "${name}" for this kind of database`,
    `Known options: ${known.join(', ')}.`,
  );
}
