import {UniqueIDError} from '../../lib/core/errors.js';
import type {ModePage} from '../../lib/operations/database-status.js';
import type {Order} from '../../lib/operations/orders.js';
import type {ModeDocument, StatusDocument} from '../../lib/operations/status-document.js';
import {unknownModeError} from '../../lib/operations/unknown-mode.js';
import type {Rates} from './rates.js';

/** Reads the status with one page of modes. */
export type StatusReader = (page: ModePage) => Promise<StatusDocument>;

/** The modes to list. */
export interface Listing extends ModePage {
  readonly order: Order;
}

/** The most modes that a command reads. */
export const MAX_LISTED_MODES = 100_000;

/**
 * Reads the modes of a listing. Reads only its page in the order of names; otherwise all modes, because any
 * may be among the first.
 *
 * @throws UniqueIDError `UNKNOWN_MODE`, with the nearest name
 */
export async function readListing(
  read: StatusReader,
  {modes, after, limit, order}: Listing,
): Promise<StatusDocument> {
  const status = await read({modes, after, limit: order === 'name' ? limit : MAX_LISTED_MODES});
  const found = new Set(modes === undefined ? [] : status.modes.map(({mode}) => mode));
  const missing = modes?.find((mode) => !found.has(mode));
  // A schema problem can hide every mode.
  if (missing === undefined || status.schema.problem !== null) return status;
  const all = await read({limit: MAX_LISTED_MODES}).catch(() => undefined);
  const url = status.service?.url;
  const place = url === undefined ? `database ${status.database.location}` : `service at ${url}`;
  const names = all?.modes.map(({mode}) => mode) ?? [];
  throw unknownModeError(place, missing, names);
}

/** Sorts the modes of a status and keeps the first ones, up to the limit. */
export function sortStatus(status: StatusDocument, {order, limit}: Listing, rates?: Rates): StatusDocument {
  const modes = sortModes(status.modes, order, rates).slice(0, limit);
  return {...status, modes, more: status.more || modes.length < status.modes.length};
}

/** Sorts modes, the most used first; keeps the order of names among equals. */
export function sortModes(
  modes: readonly ModeDocument[],
  order: Order,
  rates?: Rates,
): readonly ModeDocument[] {
  if (order === 'name') return modes;
  const keyOf = ({mode, next}: ModeDocument): bigint | number =>
    order === 'used' ? (next ?? -1n) : (rates?.of(mode).at(-1) ?? -1);
  return modes
    .map((mode) => ({mode, key: keyOf(mode)}))
    .sort((a, b) => (a.key === b.key ? 0 : a.key < b.key ? 1 : -1))
    .map(({mode}) => mode);
}

/** @throws UniqueIDError `USAGE` if the rate cannot be known */
export function assertRateKnown(order: Order, isWatching: boolean): void {
  if (order !== 'rate' || isWatching) return;
  throw new UniqueIDError('USAGE', 'One reading shows no rates, so --sort rate needs --watch.', {
    hint: 'Add --watch, or use --sort used.',
  });
}
