import {UniqueIDError} from '../core/errors.js';
import {serviceUrl} from './send-request.js';

/** How a client reaches the service, and how far ahead it reserves. */
export interface ClientOptions {
  /** URLs of the service's servers; a client uses the first until it fails, then the next. */
  readonly servers: readonly string[];
  /** A bearer token, if the service requires one. */
  readonly token?: string;
  /** Time limit of one call, including all attempts at all servers, in milliseconds (default 12,000). */
  readonly timeoutMs?: number;
  /** The smallest block that `next` reserves (default 100), and the largest (default 10,000,000). */
  readonly minBlock?: number;
  readonly maxBlock?: number;
  /** The most calls of `next` per mode that may wait while the service is unavailable (default 10,000). */
  readonly maxWaiting?: number;
}

/** The options of a client, including defaults. */
export type CompleteOptions = Required<Omit<ClientOptions, 'token'>> & Pick<ClientOptions, 'token'>;

/** The longest time that a timer of Node accepts. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** @throws UniqueIDError `USAGE` if no server is named, or an option is invalid */
export function completeOptions({servers, token, ...numbers}: ClientOptions): CompleteOptions {
  if (!Array.isArray(servers) || servers.length === 0)
    throw new UniqueIDError('USAGE', 'No server given.', {hint: 'Pass servers: [URL].'});
  for (const server of servers as readonly unknown[]) serviceUrl(String(server), '');
  if (token !== undefined && !/^[!-~]*$/.test(token))
    throw new UniqueIDError('USAGE', 'token contains a character that is not allowed in tokens.', {
      hint: 'Pass the token alone, without spaces or line breaks.',
    });
  const {timeoutMs = 12_000, minBlock = 100, maxBlock = 10_000_000, maxWaiting = 10_000} = numbers;
  return {
    servers,
    ...(token === undefined ? {} : {token}),
    timeoutMs: wholeNumber('timeoutMs', timeoutMs, 1, MAX_TIMEOUT_MS),
    maxBlock: wholeNumber('maxBlock', maxBlock, 1, Number.MAX_SAFE_INTEGER),
    minBlock: wholeNumber('minBlock', minBlock, 1, maxBlock),
    maxWaiting: wholeNumber('maxWaiting', maxWaiting, 1, Number.MAX_SAFE_INTEGER),
  };
}

function wholeNumber(name: string, value: number, min: number, max: number): number {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw new UniqueIDError(
    'USAGE',
    `${name} must be a whole number from ${min} to ${max}, not ${String(value)}.`,
    {
      hint: 'Correct it, or omit it for the default.',
    },
  );
}
