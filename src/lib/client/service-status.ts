import {parse} from 'lossless-json';
import {sendRequest, serviceUrl, type SendOptions} from './send-request.js';
import {unexpectedAnswer} from './unexpected-answer.js';
import {isServiceStatus, type ServiceStatus} from './status-shape.js';

/** The modes that a status lists. */
export interface ServicePage {
  /** Lists only this mode. */
  readonly mode?: string | undefined;
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
}

/** The most modes that a service lists in one answer. */
const MAX_PAGE = 1000;

/** Bound of all pages together: 100,000 modes, the most a command reads, fit even with the longest names. */
const MAX_STATUS_BYTES = 134_217_728;

/**
 * Reads the status of a running service, in as many pages as necessary.
 *
 * @throws UniqueIDError `USAGE` if the URL is invalid; `REMOTE_FAILED` if the service answers no status
 */
export async function readServiceStatus(
  server: string,
  options: SendOptions,
  page: ServicePage = {},
): Promise<ServiceStatus> {
  const {deadline = performance.now() + options.timeoutMs} = options;
  const bounded = {...options, deadline};
  const {limit = 0} = page;
  const first = await readPage(server, bounded, page);
  const modes = [...first.document.modes];
  let {more} = first.document;
  let {sizeBytes} = first;
  while (more && modes.length > 0 && modes.length < limit && sizeBytes < MAX_STATUS_BYTES) {
    const rest = {after: modes.at(-1)?.mode, limit: limit - modes.length};
    const next = await readPage(server, bounded, rest);
    for (const mode of next.document.modes) modes.push(mode);
    more = next.document.more && next.document.modes.length > 0;
    sizeBytes += next.sizeBytes;
  }
  return {...first.document, modes, more};
}

async function readPage(
  server: string,
  options: SendOptions,
  {mode, after, limit}: ServicePage,
): Promise<{readonly document: ServiceStatus; readonly sizeBytes: number}> {
  const maxModes = Math.min(limit ?? MAX_PAGE, MAX_PAGE);
  const url = serviceUrl(server, 'status', {
    ...(mode === undefined ? {} : {mode}),
    ...(after === undefined ? {} : {after}),
    ...(limit === undefined ? {} : {limit: String(maxModes)}),
  });
  const answer = await sendRequest('GET', [url], options);
  const document = answer.status === 200 ? readDocument(answer.body) : undefined;
  if (document === undefined || document.modes.length > maxModes) throw unexpectedAnswer(answer);
  const service = {...document.service, url: serviceUrl(server, '.').href.replace(/\/$/, '')};
  return {document: {...document, service}, sizeBytes: answer.body.length};
}

/** Fields that are exact bigints; all others are numbers. */
const bigintFields = new Set(['next', 'remaining', 'highWaterMark']);

function readDocument(body: string): ServiceStatus | undefined {
  let document: unknown;
  try {
    document = smallNumbers(
      parse(body, undefined, (text) => (/^-?[0-9]{1,20}$/.test(text) ? BigInt(text) : Number(text))),
    );
  } catch {
    return undefined;
  }
  return isServiceStatus(document) ? document : undefined;
}

function smallNumbers(value: unknown, key = ''): unknown {
  if (typeof value === 'bigint') return bigintFields.has(key) ? value : Number(value);
  if (Array.isArray(value)) return value.map((item) => smallNumbers(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, smallNumbers(member, name)]),
  );
}
