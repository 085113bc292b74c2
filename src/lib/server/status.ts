import {exactJson} from '../exact-json.js';
import {UniqueIDError} from '../errors.js';
import {statusDocument} from '../status/document.js';
import {readStatus, type ModePage} from '../store/status.js';
import type {Store} from '../store/store.js';
import type {Allocator} from '../allocation/allocator.js';
import {version} from '../version.js';

/** Modes in one answer, where the request does not say. */
const DEFAULT_LIMIT = 1000;
const MOST_LIMIT = 100_000;

/** Answers `GET /status`: the database as it is now, and what this service has handed out of it. */
export async function serviceStatus(store: Store, allocator: Allocator, query: string): Promise<string> {
  const status = await readStatus(store, readPage(query));
  const uptimeSeconds = Math.round(process.uptime() * 10) / 10;
  const issued = (mode: string): bigint | undefined => allocator.guard.issued(mode);
  return exactJson(statusDocument(status, version, {uptimeSeconds, issued}));
}

/** @throws UniqueIDError `INVALID_REQUEST` */
export function readPage(query: string): ModePage {
  const parameters = new URLSearchParams(query);
  const limit = parameters.get('limit') ?? String(DEFAULT_LIMIT);
  if (!/^[0-9]{1,6}$/.test(limit) || Number(limit) > MOST_LIMIT) {
    throw new UniqueIDError('INVALID_REQUEST', `limit must be a whole number from 0 to ${MOST_LIMIT}.`, {
      hint: 'Page on with after=MODE, the last mode of the answer before.',
    });
  }
  return {
    mode: parameters.get('mode') ?? undefined,
    after: parameters.get('after') ?? undefined,
    limit: Number(limit),
  };
}
