import type {IdFormat} from './output.js';

/** What `getid` was asked for, by the flags' long names. */
export interface GetidOptions {
  readonly config?: string | undefined;
  readonly database?: string | undefined;
  readonly mode?: string | undefined;
  readonly range: string;
  readonly format: IdFormat;
  readonly server?: string | undefined;
  readonly timeout?: string | undefined;
  readonly retries?: string | undefined;
  readonly token?: string | undefined;
  readonly json: boolean;
}

/** The formats of `getid`, and the one without a word. */
export const formats = ['json', 'plain', 'list'] as const;
export const defaultFormat = 'json';
export const defaultRange = '1';
