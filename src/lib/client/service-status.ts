import {parse} from 'lossless-json';
import type {StatusDocument} from '../status/document.js';
import {askService, serviceUrl, wrongAnswer, type AskOptions} from './ask-service.js';

/** What a status of a service lists. */
export interface ServicePage {
  /** This mode alone. */
  readonly mode?: string | undefined;
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
}

/** A status that a running service has answered. */
export type ServiceStatus = StatusDocument & Required<Pick<StatusDocument, 'service'>>;

/** The most modes that a service lists in one answer. */
const MAX_PAGE = 1000;

/**
 * Asks a running service for its status, in as many pages as it takes.
 *
 * @throws UniqueIDError `USAGE` where the URL is none; `REMOTE_FAILED` where no status is answered
 */
export async function readServiceStatus(
  server: string,
  options: AskOptions,
  page: ServicePage = {},
): Promise<ServiceStatus> {
  const deadline = performance.now() + options.timeoutMs;
  const {limit = 0} = page;
  const first = await readPage(server, options, page);
  const modes = [...first.modes];
  let {more} = first;
  while (more && modes.length > 0 && modes.length < limit) {
    const timeoutMs = Math.max(1, deadline - performance.now());
    const rest = {after: modes.at(-1)?.mode, limit: limit - modes.length};
    const next = await readPage(server, {...options, timeoutMs}, rest);
    for (const mode of next.modes) modes.push(mode);
    more = next.more && next.modes.length > 0;
  }
  return {...first, modes, more};
}

async function readPage(
  server: string,
  options: AskOptions,
  {mode, after, limit}: ServicePage,
): Promise<ServiceStatus> {
  const url = serviceUrl(server, 'status', {
    ...(mode === undefined ? {} : {mode}),
    ...(after === undefined ? {} : {after}),
    ...(limit === undefined ? {} : {limit: String(Math.min(limit, MAX_PAGE))}),
  });
  const answer = await askService('GET', [url], options);
  const document = answer.status === 200 ? readDocument(answer.body) : undefined;
  if (document === undefined) throw wrongAnswer(answer);
  return {...document, service: {...document.service, url: serviceUrl(server, '.').href.replace(/\/$/, '')}};
}

/** The numbers that can be large are bigints, to the last digit; the others are numbers. */
const counts = new Set(['next', 'remaining', 'issued']);

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

/** Whether a document is a service's status, as far as anything here relies on it. */
function isServiceStatus(document: unknown): document is ServiceStatus {
  if (!isRecord(document) || !isRecord(document['service'])) return false;
  const {database, schema, modes} = document;
  return (
    isRecord(database) &&
    ['kind', 'location', 'product', 'durability'].every((name) => typeof database[name] === 'string') &&
    Array.isArray(database['warnings']) &&
    isRecord(schema) &&
    typeof schema['version'] === 'string' &&
    Array.isArray(modes) &&
    modes.every(isMode)
  );
}

function isMode(mode: unknown): boolean {
  if (!isRecord(mode) || typeof mode['mode'] !== 'string') return false;
  const {next, remaining, issued} = mode;
  return isCount(next) && isCount(remaining) && (issued === undefined || isCount(issued));
}

function isCount(value: unknown): boolean {
  return value === null || (typeof value === 'bigint' && value >= 0n);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function smallNumbers(value: unknown, key = ''): unknown {
  if (typeof value === 'bigint') return counts.has(key) ? value : Number(value);
  if (Array.isArray(value)) return value.map((item) => smallNumbers(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, smallNumbers(member, name)]),
  );
}
