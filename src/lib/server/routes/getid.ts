import type {Allocator} from '../../allocation/allocator.js';
import {parseRange} from '../../core/range.js';
import type {Receiver} from '../../allocation/pending-requests.js';
import {toUniqueIDError, UniqueIDError} from '../../core/errors.js';
import {readGetidQuery} from './getid-query.js';
import type {Token, Tokens} from '../http/tokens.js';

/** What the route needs. */
export interface GetidOptions {
  readonly allocator: Allocator;
  /** Who may ask; without it everybody may. */
  readonly tokens: Tokens | undefined;
  /** The most integers one request may ask for. */
  readonly maxRange: bigint;
}

/** The route `/getid`, whoever reads the request and writes the answer. */
export class Getid {
  readonly #options: GetidOptions;

  constructor(options: GetidOptions) {
    this.#options = options;
  }

  /** Takes what a query asks for, and tells the receiver. */
  allocate(query: string, authorization: string | undefined, receiver: Receiver): void {
    const {allocator, tokens} = this.#options;
    try {
      const token = tokens?.check(authorization);
      const {mode, range} = readGetidQuery(query);
      const count = parseRange(range, this.#mostOf(token));
      if (token?.allowedModes?.(mode) === false) throw notForToken(token, mode);
      allocator.request(mode, count, receiver);
    } catch (error) {
      receiver.refused(toUniqueIDError(error));
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
