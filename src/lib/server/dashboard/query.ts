import {UniqueIDError} from '../../core/errors.js';
import {orders, type Order} from '../../operations/orders.js';

/** The choices of one page. */
export interface DashboardQuery {
  /** The time of the last sample that the page has, in milliseconds since 1970. */
  readonly since: number;
  /** The instance that `since` is a time of; `undefined` for any. */
  readonly instance: string | undefined;
  /** Lists only modes whose name contains it. */
  readonly find: string;
  readonly sort: Order;
  /** The page of the list, from 1. */
  readonly page: number;
  /** The mode with a chart of its own. */
  readonly mode: string | undefined;
}

/** A longer text is in no name. */
const MAX_FIND_LENGTH = 255;

const MAX_PAGE = 10_000;

/** @throws UniqueIDError `INVALID_REQUEST` */
export function parseDashboardQuery(text: string): DashboardQuery {
  const parameters = new URLSearchParams(text);
  const sort = parameters.get('sort') ?? 'name';
  const order = orders.find((each) => each === sort);
  if (order === undefined) throw invalid('sort', `one of ${orders.join(', ')}`);
  const find = parameters.get('find') ?? '';
  if (find.length > MAX_FIND_LENGTH) throw invalid('find', `at most ${MAX_FIND_LENGTH} characters`);
  return {
    since: parseWhole(parameters, 'since', 0, Number.MAX_SAFE_INTEGER),
    instance: parameters.get('instance') ?? undefined,
    find,
    sort: order,
    page: parseWhole(parameters, 'page', 1, MAX_PAGE),
    mode: parameters.get('mode') ?? undefined,
  };
}

function parseWhole(parameters: URLSearchParams, name: string, min: number, max: number): number {
  const text = parameters.get(name) ?? String(min);
  if (/^\d{1,16}$/.test(text) && Number(text) >= min && Number(text) <= max) return Number(text);
  throw invalid(name, `a whole number from ${min} to ${max}`);
}

function invalid(name: string, allowed: string): UniqueIDError {
  return new UniqueIDError('INVALID_REQUEST', `${name} must be ${allowed}.`, {
    hint: 'Open /dashboard in a browser; it sends the right query.',
  });
}
