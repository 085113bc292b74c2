import type {IncomingHttpHeaders} from 'node:http';
import type {Allocator} from '../../allocation/allocator.js';
import {parseRange} from '../../core/range.js';
import type {RequestCallbacks} from '../../allocation/pending-requests.js';
import {toUniqueIDError, UniqueIDError} from '../../core/errors.js';
import {parseGetidQuery} from './getid-query.js';
import type {HostCheck} from '../http/host-check.js';
import {isPrefetchPurpose} from '../http/target.js';
import type {Token, Tokens} from '../http/tokens.js';

/** HEAD is missing on purpose: the Python service answers it, and wastes the range. */
export const GETID_METHODS = ['GET', 'POST'] as const;

/** Headers that mark a browser's prefetch, or a request for a page of another site. */
export const FETCH_METADATA_HEADERS = [
  'purpose',
  'sec-purpose',
  'x-moz',
  'origin',
  'sec-fetch-site',
] as const;

/** Dependencies of the route. */
export interface GetidOptions {
  readonly allocator: Allocator;
  /** Authorizes requests; without it every client is authorized. */
  readonly tokens: Tokens | undefined;
  /** The largest range of one request. */
  readonly maxRange: bigint;
}

/**
 * Rejects a request that a browser sent ahead of its user, or for a page of another site. Other clients send
 * none of `FETCH_METADATA_HEADERS`.
 *
 * @throws UniqueIDError `PREFETCH_REJECTED`, `CROSS_SITE_REJECTED`
 */
export function assertFetchMetadata(headers: IncomingHttpHeaders, hosts: HostCheck): void {
  if (isPrefetch(headers)) {
    throw new UniqueIDError(
      'PREFETCH_REJECTED',
      'Prefetches are rejected: their integers might never be used.',
      {
        hint: 'Send the request when you need the integers.',
      },
    );
  }
  if (isCrossSite(headers, hosts)) {
    throw new UniqueIDError('CROSS_SITE_REJECTED', 'Requests from pages of other sites are rejected.', {
      hint: "Open the service's own address, or let the page's own server send the request.",
    });
  }
}

/** Reads `Sec-Purpose` of current browsers, or `Purpose` and `X-Moz` of older ones. */
function isPrefetch(headers: IncomingHttpHeaders): boolean {
  const purpose = headers['sec-purpose'] ?? headers['purpose'] ?? headers['x-moz'];
  return purpose !== undefined && isPrefetchPurpose(String(purpose));
}

function isCrossSite({origin, host, 'sec-fetch-site': site}: IncomingHttpHeaders, hosts: HostCheck): boolean {
  if (/cross-site/i.test(String(site))) return true;
  return origin !== undefined && !hosts.isOwnOrigin(origin, host);
}

/** The route `/getid`, for both `node:http` and the fast path. */
export class Getid {
  readonly #options: GetidOptions;

  constructor(options: GetidOptions) {
    this.#options = options;
  }

  /** Allocates the range that a query requests, and calls back with it or with the error. */
  allocate(query: string, authorization: string | undefined, callbacks: RequestCallbacks): void {
    const {allocator, tokens} = this.#options;
    try {
      const token = tokens?.authenticate(authorization);
      const {mode, range} = parseGetidQuery(query);
      const count = parseRange(range, this.#maxRangeOf(token));
      if (token?.allowedModes?.(mode) === false) throw notForToken(token, mode);
      allocator.request(mode, count, callbacks);
    } catch (error) {
      callbacks.rejected(toUniqueIDError(error));
    }
  }

  #maxRangeOf(token: Token | undefined): bigint {
    const {maxRange} = this.#options;
    const tokenLimit = token?.maxRange;
    return tokenLimit === undefined || tokenLimit > maxRange ? maxRange : tokenLimit;
  }
}

function notForToken({name}: Token, mode: string): UniqueIDError {
  return new UniqueIDError(
    'MODE_NOT_ALLOWED',
    `The token of ${JSON.stringify(name)} does not allow mode ${JSON.stringify(mode)}.`,
    {hint: 'Correct the mode, or ask the operator of this service to allow it.'},
  );
}
