import type {RangeFormat} from './output.js';

/** The options of `getid`, by the flags' long names. */
export interface GetidOptions {
  readonly config?: string | undefined;
  readonly database?: string | undefined;
  readonly mode?: string | undefined;
  readonly range: string;
  /** Fails instead of creating the mode. */
  readonly existing?: boolean | undefined;
  readonly format: RangeFormat;
  readonly server?: string | undefined;
  readonly local?: boolean | undefined;
  readonly timeout?: string | undefined;
  readonly retries?: string | undefined;
  readonly token?: string | undefined;
  readonly json: boolean;
}

/**
 * A flag that takes a value: the one source for oclif, the fast argument path and, by the manifest,
 * completion.
 */
interface ValueFlag {
  readonly char?: 'c' | 'm' | 'r';
  /** True if the fast argument path accepts this flag. */
  readonly isFast?: boolean;
  readonly summary: string;
  readonly [property: string]: unknown;
}

export const globalFlags = {
  config: {
    char: 'c',
    isFast: true,
    helpGroup: 'GLOBAL',
    helpValue: 'FILE',
    summary: 'Config file (INI).',
    description: 'Defaults to UNIQUEID_CONFIG, then to config.ini in ~/.pacifica-uniqueid or /etc/uniqueid.',
  },
  database: {
    isFast: true,
    helpGroup: 'GLOBAL',
    helpValue: 'URL',
    summary: 'Database URL, such as sqliteext:///db.sqlite3.',
    description:
      'Defaults to PEEWEE_URL, then to peewee_url in the config file. Both are safer for a password: ' +
      'other users can see flags.',
  },
} as const satisfies Record<string, ValueFlag>;

/** The flag of every command that sends requests to a service. */
export const tokenFlag = {
  helpValue: 'TOKEN',
  summary: 'Bearer token for the service.',
  description: 'UNIQUEID_TOKEN is safer: other users can see flags.',
};

export const getidFlags = {
  mode: {
    char: 'm',
    isFast: true,
    helpValue: 'MODE',
    summary: 'Counter to allocate from, such as file; a terminal prompts for it.',
  },
  range: {char: 'r', isFast: true, default: '1', helpValue: 'N', summary: 'Number of integers to allocate.'},
  format: {
    isFast: true,
    options: ['json', 'plain', 'list'],
    default: 'json',
    summary: 'JSON as in the REST API, plain "start end", or a list with one integer per line.',
  },
  server: {
    isFast: true,
    helpValue: 'URL',
    exclusive: ['database'] as string[],
    summary: 'Allocate from a running service instead of the database; HOST:PORT is enough.',
    description: 'Defaults to UNIQUEID_SERVER, then to server in the config file.',
  },
  timeout: {
    isFast: true,
    helpValue: 'SECONDS',
    summary: 'Give up after this time, connecting included (default: request_timeout once connected).',
  },
  retries: {
    helpValue: 'N',
    summary: 'Retry up to N times if the service is unavailable or busy (default 3).',
  },
  token: tokenFlag,
} as const satisfies Record<string, ValueFlag>;

/** The flags without a value; the fast argument path accepts all of them. */
export const getidSwitches = {
  existing: {summary: 'Fail if the mode does not exist, instead of creating it.'},
  /** Overrides `UNIQUEID_SERVER` and `server`. */
  local: {
    default: false,
    exclusive: ['server'] as string[],
    summary: 'Use the database even if UNIQUEID_SERVER or server names a service; --database does too.',
  },
};

/** The flag of every command for output as JSON. */
export const jsonFlag = {helpGroup: 'GLOBAL', summary: 'Print the result as JSON.'};
