import type {IdRange} from '../../lib/core/range.js';
import {requestRange} from '../../lib/client/request.js';
import {readServiceStatus} from '../../lib/client/service-status.js';
import type {SendOptions} from '../../lib/client/send-request.js';
import {UniqueIDError} from '../../lib/core/errors.js';
import {limitNameLookups} from '../process/time-limit.js';
import {MAX_LISTED_MODES} from '../status/listing.js';
import {missingModeError} from './existing.js';
import type {GetidRequest} from './request.js';
import {quoteTyped} from '../../lib/util/text/redact.js';

/** Time for the answer of a service that has itself waited `request_timeout` for its database. */
const ANSWER_GRACE_MS = 2000;

/**
 * Allocates a range from a running service.
 *
 * @param chooseMode returns the mode to allocate from if no flag names one
 */
export async function allocateRemotely(
  {config, options, mode, count}: GetidRequest,
  server: string,
  chooseMode: (options: SendOptions) => Promise<string>,
): Promise<IdRange> {
  const {retries = '3', token = process.env['UNIQUEID_TOKEN'], timeout} = options;
  const {requestTimeoutMs} = config.settings;
  const timeoutMs = timeout === undefined ? requestTimeoutMs + ANSWER_GRACE_MS : requestTimeoutMs;
  limitNameLookups(timeoutMs);
  const sendOptions = {timeoutMs, retries: parseRetries(retries), token};
  const chosenMode = mode ?? (await chooseMode(sendOptions));
  const bounded = {...sendOptions, deadline: performance.now() + timeoutMs};
  if (options.existing === true) await assertExists(server, chosenMode, bounded);
  return requestRange([server], chosenMode, count, bounded);
}

/**
 * The REST API has no such parameter, but no service removes a mode: one that exists now exists when the
 * integers are allocated.
 *
 * @throws UniqueIDError `MODE_NOT_ALLOWED`, with the nearest names, if the mode does not exist
 */
async function assertExists(server: string, mode: string, options: SendOptions): Promise<void> {
  const {modes, schema, service} = await readServiceStatus(server, options, {mode});
  // A schema problem hides every mode, and is the reason why the allocation fails.
  if (modes.length > 0 || schema.problem !== null) return;
  const all = await readServiceStatus(server, options, {limit: MAX_LISTED_MODES}).catch(() => undefined);
  const names = all?.modes.map((each) => each.mode) ?? [];
  throw missingModeError(`service at ${service.url}`, mode, names);
}

function parseRetries(text: string): number {
  if (/^[0-9]{1,3}$/.test(text)) return Number(text);
  throw new UniqueIDError(
    'USAGE',
    `--retries must be a whole number from 0 to 999, not ${quoteTyped(text)}.`,
    {
      hint: 'Omit it for the default of 3.',
    },
  );
}
