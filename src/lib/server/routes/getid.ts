import type {IncomingHttpHeaders} from 'node:http';
import type {Allocator} from '../../allocation/allocator.js';
import {parseRange} from '../../core/range.js';
import type {RequestCallbacks} from '../../allocation/pending-requests.js';
import {toUniqueIDError, UniqueIDError} from '../../core/errors.js';
import {parseGetidQuery} from './getid-query.js';
import type {HostCheck} from '../http/host-check.js';
import {isPrefetchPurpose} from '../http/target.js';
import type {Token, Tokens} from '../http/tokens.js';

export const GETID_PATH = '/getid';

/** HEAD is missing: the Python service answers it, and burns the range. */
export const GETID_METHODS = ['GET', 'POST'] as const;

/** Headers by which a browser says that nobody, or a page of another site, wants the integers. */
export const UNWANTED_HEADERS = ['purpose', 'sec-purpose', 'x-moz', 'origin', 'sec-fetch-site'] as const;

/** What the route needs. */
export interface GetidOptions {
  readonly allocator: Allocator;
  /** Who may ask; without it everybody may. */
  readonly tokens: Tokens | undefined;
  /** The most integers one request may ask for. */
  readonly maxRange: bigint;
}

/**
 * Rejects a request that a browser sent ahead of its user, or for a page of another site; other clients send none of
 * `UNWANTED_HEADERS`.
 *
 * @throws UniqueIDError `PREFETCH_REJECTED`, `CROSS_SITE_REJECTED`
 */
export function assertWanted(headers: IncomingHttpHeaders, hosts: HostCheck): void {
  if (isPrefetch(headers)) {
    throw new UniqueIDError(
      'PREFETCH_REJECTED',
      'A prefetch takes no integers: nobody might ever use them.',
      {
        hint: 'Ask again when the answer is needed.',
      },
    );
  }
  if (isCrossSite(headers, hosts)) {
    throw new UniqueIDError('CROSS_SITE_REJECTED', 'A page of another site takes no integers from here.', {
      hint: "Open the service's own address, or let the program that serves the page ask for it.",
    });
  }
}

/** `Sec-Purpose` as browsers send it now, `Purpose` and `X-Moz` as they once did. */
function isPrefetch(headers: IncomingHttpHeaders): boolean {
  const purpose = headers['sec-purpose'] ?? headers['purpose'] ?? headers['x-moz'];
  return purpose !== undefined && isPrefetchPurpose(String(purpose));
}

function isCrossSite({origin, host, 'sec-fetch-site': site}: IncomingHttpHeaders, hosts: HostCheck): boolean {
  if (/cross-site/i.test(String(site))) return true;
  return origin !== undefined && !hosts.isOwnOrigin(origin, host);
}

/** The route `/getid`, whoever reads the request and writes the answer. */
export class Getid {
  readonly #options: GetidOptions;

  constructor(options: GetidOptions) {
    this.#options = options;
  }

  /** Takes what a query asks for, and calls back with the result. */
  allocate(query: string, authorization: string | undefined, callbacks: RequestCallbacks): void {
    const {allocator, tokens} = this.#options;
    try {
      const token = tokens?.check(authorization);
      const {mode, range} = parseGetidQuery(query);
      const count = parseRange(range, this.#mostOf(token));
      if (token?.allowedModes?.(mode) === false) throw notForToken(token, mode);
      allocator.request(mode, count, callbacks);
    } catch (error) {
      callbacks.rejected(toUniqueIDError(error));
    }
  }

  #mostOf(token: Token | undefined): bigint {
    const {maxRange} = this.#options;
    const most = token?.maxRange;
    return most === undefined || most > maxRange ? maxRange : most;
  }
}

function notForToken({name}: Token, mode: string): UniqueIDError {
  return new UniqueIDError(
    'MODE_NOT_ALLOWED',
    `The token of ${JSON.stringify(name)} does not allow mode ${JSON.stringify(mode)}.`,
    {hint: 'Correct the mode, or ask whoever runs this service to allow it.'},
  );
}
