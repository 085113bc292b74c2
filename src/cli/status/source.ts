import {readServiceStatus} from '../../lib/client/service-status.js';
import type {SendOptions} from '../../lib/client/send-request.js';
import {redactDatabaseUrl} from '../../lib/config/database-url.js';
import type {Config} from '../../lib/config/resolve.js';
import {exposureWarnings, secretFiles} from '../../lib/config/secret-files.js';
import {UniqueIDError} from '../../lib/core/errors.js';
import {guardFileStatus} from '../../lib/operations/issued.js';
import {statusDocument, type StatusDocument} from '../../lib/operations/status-document.js';
import {openStore} from '../../lib/store/open.js';
import {readStatus, type ModePage} from '../../lib/operations/database-status.js';
import {readListing, type Listing, type StatusReader} from './listing.js';
import type {Store} from '../../lib/store/store.js';
import {version} from '../../lib/util/version.js';
import {connect, withStore} from '../database/connect.js';
import {printNotice} from '../process/stderr.js';
import {limitNameLookups, startTimeLimit} from '../process/time-limit.js';
import {quoteTyped} from '../../lib/util/text/redact.js';

/**
 * Reads modes from the database. `request_timeout` bounds all of it, waits included, because probes call it.
 *
 * @throws UniqueIDError `DATABASE_*`; `UNKNOWN_MODE`, with the nearest name
 */
export async function databaseListing(
  config: Config,
  listing: Listing,
  json: boolean,
): Promise<StatusDocument> {
  const {requestTimeoutMs, databaseUrl} = config.settings;
  const limit = startTimeLimit(requestTimeoutMs, json, redactDatabaseUrl(databaseUrl));
  try {
    return await withStore(connect(config, {print: printNotice, limit}, {readOnly: true}), (store) =>
      readListing((page) => storeStatus(store, config, page), listing),
    );
  } finally {
    limit.lift();
  }
}

/**
 * Reads modes from a running service. The time limit bounds all requests together.
 *
 * @throws UniqueIDError `REMOTE_FAILED`; `UNKNOWN_MODE`, with the nearest name
 */
export async function remoteListing(
  server: string,
  options: SendOptions,
  listing: Listing,
): Promise<StatusDocument> {
  const deadline = performance.now() + options.timeoutMs;
  return readListing((page) => remoteStatus(server, {...options, deadline}, page), listing);
}

/** Reads the status of a running service: one request per mode if the page names modes. */
export async function remoteStatus(
  server: string,
  options: SendOptions,
  {modes = [], ...page}: ModePage,
): Promise<StatusDocument> {
  limitNameLookups(options.timeoutMs);
  const {deadline = performance.now() + options.timeoutMs} = options;
  const bounded = {...options, deadline};
  const [mode, ...others] = modes;
  const status = await readServiceStatus(server, bounded, {...page, mode});
  const found = [...status.modes];
  for (const other of others) found.push(...(await readServiceStatus(server, bounded, {mode: other})).modes);
  return {...status, modes: found};
}

/** Returns a function that reads the status through one connection, and reconnects after a failure. */
export function repeatedStatus(config: Config): StatusReader {
  const {databaseUrl, requestTimeoutMs: answerTimeoutMs} = config.settings;
  let store: Store | undefined;
  return async (page) => {
    try {
      store ??= await openStore(databaseUrl, {readOnly: true, answerTimeoutMs});
      return await storeStatus(store, config, page);
    } catch (error) {
      await store?.close().catch(() => undefined);
      store = undefined;
      throw error;
    }
  };
}

/** Reads the status, and adds the warnings about files that a service would log or fail with. */
async function storeStatus(store: Store, {settings, files}: Config, page: ModePage): Promise<StatusDocument> {
  const guardFile = guardFileStatus(settings);
  const status = statusDocument(await readStatus(store, page), version, {guardFile});
  const warnings = exposureWarnings([...files, ...secretFiles(settings)]);
  return {...status, database: {...status.database, warnings: [...status.database.warnings, ...warnings]}};
}

/** @throws UniqueIDError `USAGE` unless the text is a number from 0 to 100000, the bound of one document */
export function parseLimit(text: string): number {
  if (/^[0-9]{1,6}$/.test(text) && Number(text) <= 100_000) return Number(text);
  throw new UniqueIDError(
    'USAGE',
    `--limit must be a whole number from 0 to 100000, not ${quoteTyped(text)}.`,
    {
      hint: 'Use --after MODE to list further modes.',
    },
  );
}
