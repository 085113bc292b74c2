import type {RangeFormat} from './output.js';

/** The options of `getid`, by the flags' long names. */
export interface GetidOptions {
  readonly config?: string | undefined;
  readonly database?: string | undefined;
  readonly mode?: string | undefined;
  readonly range: string;
  readonly format: RangeFormat;
  readonly server?: string | undefined;
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
    summary: 'Service file (INI).',
    description: 'Also UNIQUEID_CONFIG; else ~/.pacifica-uniqueid/config.ini, if it is there.',
  },
  database: {
    isFast: true,
    helpGroup: 'GLOBAL',
    helpValue: 'URL',
    summary: 'Database URL, such as sqliteext:///db.sqlite3.',
    description:
      'Also PEEWEE_URL; else peewee_url in the service file. A password is safer in one of those: other users can see flags.',
  },
} as const satisfies Record<string, ValueFlag>;

export const getidFlags = {
  mode: {
    char: 'm',
    isFast: true,
    helpValue: 'MODE',
    summary: 'The counter to take from, such as file; asked for on a terminal.',
  },
  range: {char: 'r', isFast: true, default: '1', helpValue: 'N', summary: 'How many integers.'},
  format: {
    isFast: true,
    options: ['json', 'plain', 'list'],
    default: 'json',
    summary: 'json as the REST API, plain "start end", or list with an integer a line.',
  },
  server: {
    helpValue: 'URL',
    exclusive: ['database'] as string[],
    summary: 'Ask a running service instead of the database.',
  },
  timeout: {
    isFast: true,
    helpValue: 'SECONDS',
    summary: 'Give up after so long, connecting included (default: request_timeout once connected).',
  },
  retries: {
    helpValue: 'N',
    dependsOn: ['server'] as string[],
    summary: 'How often to ask a service again that is away or too busy (default 3).',
  },
  token: {
    helpValue: 'TOKEN',
    dependsOn: ['server'] as string[],
    summary: 'Token for a service that asks for one.',
    description: 'Safer in UNIQUEID_TOKEN: other users can see flags.',
  },
} as const satisfies Record<string, ValueFlag>;
