import {setTimeout as sleep} from 'node:timers/promises';
import {backoff} from '../util/backoff.js';
import {UniqueIDError} from '../core/errors.js';
import {redactServerUrl} from '../util/redact.js';
import {exchange, ExchangeTimeout} from './exchange.js';

/** Options of a request to a running service. */
export interface SendOptions {
  /** Time limit for all attempts together. */
  readonly timeoutMs: number;
  /** Further rounds if no server answers, or all answer 502, 503 or 504; `Infinity` until the time limit. */
  readonly retries?: number;
  /** A bearer token, if the service requires one. */
  readonly token?: string | undefined;
  /** Ends the request when it is aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** The answer of a service, with any status. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  /** Describes a body that was not read. */
  readonly flaw?: string | undefined;
  /** The URL that answered. */
  readonly url: URL;
}

/** Upper bound for `Retry-After`, against a service that names hours. */
const MAX_PAUSE_MS = 10_000;

/** The end of the hint for a URL that contains a secret. */
const TOKEN_HINT = ', and set UNIQUEID_TOKEN to a token of that service';

/** Statuses worth another attempt: another server, or the same one later, may not answer them. */
const retryableStatuses = [502, 503, 504];

/**
 * Returns the URL of one resource of a service.
 *
 * @param server the URL of the service, such as `http://127.0.0.1:8051`; a path in it is kept
 * @throws UniqueIDError `USAGE` if that is not the URL of a service, or holds more than its address; the
 *   message repeats no password
 */
export function serviceUrl(
  server: string,
  resource: string,
  query: Readonly<Record<string, string>> = {},
): URL {
  // Rejects any "@": it may end a password, and a "/" in a password ends the host of a parsed URL.
  if (server.includes('@')) throw notServiceUrl(server, 'contains a user or a password', TOKEN_HINT);
  if (/[?#]/.test(server)) throw notServiceUrl(server, 'contains a query or a fragment', TOKEN_HINT);
  const text = server.endsWith('/') ? server : `${server}/`;
  const base = URL.canParse(text) ? new URL(text) : undefined;
  if (base === undefined || !/^https?:$/.test(base.protocol))
    throw notServiceUrl(server, 'is not the URL of a service');
  const url = new URL(resource, base);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url;
}

function notServiceUrl(server: string, problem: string, hint = ''): UniqueIDError {
  return new UniqueIDError('USAGE', `${JSON.stringify(redactServerUrl(server))} ${problem}.`, {
    hint: `Write http://HOST:PORT, such as http://127.0.0.1:8051${hint}.`,
  });
}

/**
 * Sends a request to the servers of one service: to the next one if one does not answer, and to all again
 * after a pause. A lost answer costs a gap, never a duplicate, so repeating is safe.
 *
 * @param urls the same resource at each server, in order of preference
 * @throws UniqueIDError `REMOTE_FAILED` if no answer arrived; the reason of `signal` if it was aborted
 */
export async function sendRequest(
  method: 'GET' | 'POST',
  urls: readonly URL[],
  options: SendOptions,
): Promise<Answer> {
  const deadline = performance.now() + options.timeoutMs;
  for (let round = 1; ; round++) {
    const isLast = round > (options.retries ?? 0);
    let outcome: Outcome | undefined;
    for (const url of urls) {
      outcome = await tryOnce(method, url, options, deadline);
      if ('answer' in outcome && outcome.pauseMs === undefined) return outcome.answer;
      if (performance.now() >= deadline) break;
    }
    if (outcome === undefined) throw new UniqueIDError('USAGE', 'No server given.');
    const pause = ('answer' in outcome ? outcome.pauseMs : undefined) ?? backoff(round + 4);
    if (isLast || performance.now() + pause >= deadline) {
      if ('answer' in outcome) return outcome.answer;
      throw outcome.error;
    }
    await pauseFor(pause, options.signal);
  }
}

/** @throws the reason of the signal if it is aborted before the end of the pause */
async function pauseFor(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms, undefined, signal === undefined ? {} : {signal});
  } catch {
    signal?.throwIfAborted();
  }
}

/** An answer, with the pause after which another may be better; or the error if none arrived. */
type Outcome =
  {readonly answer: Answer; readonly pauseMs: number | undefined} | {readonly error: UniqueIDError};

async function tryOnce(
  method: string,
  url: URL,
  {timeoutMs, token, signal}: SendOptions,
  deadline: number,
): Promise<Outcome> {
  signal?.throwIfAborted();
  const headers: Record<string, string> =
    token === undefined || token === '' ? {} : {authorization: `Bearer ${token}`};
  try {
    const {retryAfter, ...answer} = await exchange({method, url, headers, deadline, signal});
    const pauseMs = retryableStatuses.includes(answer.status) ? pauseAfter(retryAfter) : undefined;
    return {answer: {...answer, url}, pauseMs};
  } catch (error) {
    signal?.throwIfAborted();
    return {error: noAnswer(url, error, timeoutMs)};
  }
}

/** Parses seconds only: our services send no date. */
function pauseAfter(header: string | undefined): number {
  const wait = header !== undefined && /^[0-9]{1,4}$/.test(header) ? Number(header) * 1000 : 0;
  // Jitter, so that not all clients return at the same time.
  return Math.min(wait, MAX_PAUSE_MS) * (0.5 + Math.random() / 2) + backoff(4);
}

function noAnswer(url: URL, error: unknown, timeoutMs: number): UniqueIDError {
  const {code, message} = error as Error & {code?: string};
  const reason =
    error instanceof ExchangeTimeout ? `timed out after ${timeoutMs / 1000} s` : (code ?? message);
  return new UniqueIDError('REMOTE_FAILED', `The service at ${url.origin} did not answer: ${reason}.`, {
    cause: error,
    transient: true,
    hint: 'Check that it is running and reachable from this machine.',
  });
}

/** Longest text of a service that an error repeats, in characters. */
const MAX_MESSAGE_LENGTH = 500;

/** Returns the error for an unexpected answer. */
export function unexpectedAnswer({status, body, flaw, url}: Answer): UniqueIDError {
  const detail =
    messageOf(body) ??
    (flaw === undefined ? (status === 200 ? 'unexpected content.' : 'no details.') : `${flaw}.`);
  const hint =
    status === 401
      ? 'Set UNIQUEID_TOKEN to a token of that service.'
      : 'Correct the request, or ask the operator of the service; "uniqueid status" shows its database.';
  return new UniqueIDError('REMOTE_FAILED', `The service at ${url.origin} answered ${status}: ${detail}`, {
    transient: retryableStatuses.includes(status),
    hint,
  });
}

function messageOf(body: string): string | undefined {
  try {
    const {message} = JSON.parse(body) as {message?: unknown};
    if (typeof message !== 'string') return undefined;
    return message.length > MAX_MESSAGE_LENGTH ? `${message.slice(0, MAX_MESSAGE_LENGTH)}…` : message;
  } catch {
    return undefined;
  }
}
