import {setTimeout as sleep} from 'node:timers/promises';
import {parseServiceUrl} from '../config/service-url.js';
import {backoff} from '../util/backoff.js';
import {UniqueIDError} from '../core/errors.js';
import {connectionFailure} from './connection-failure.js';
import {exchange} from './exchange.js';

/** Options of a request to a running service. */
export interface SendOptions {
  /** Time limit for all attempts together. */
  readonly timeoutMs: number;
  /** The end of a time limit that several requests share, in the time of `performance.now()`. */
  readonly deadline?: number | undefined;
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
  /** The code of an error, as the service wrote it. */
  readonly errorCode?: string | undefined;
  /** The URL that answered. */
  readonly url: URL;
}

/** Upper bound for `Retry-After`, against a service that names hours. */
const MAX_PAUSE_MS = 10_000;

/** Statuses worth another attempt: another server, or the same one later, may not answer them. */
export const retryableStatuses = [502, 503, 504];

/**
 * Returns the URL of one resource of a service.
 *
 * @param server the address of the service, as `parseServiceUrl` takes it
 * @throws UniqueIDError `USAGE` if that is not the address of a service
 */
export function serviceUrl(
  server: string,
  resource: string,
  query: Readonly<Record<string, string>> = {},
): URL {
  const url = new URL(resource, parseServiceUrl(server));
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url;
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
  const {deadline = performance.now() + options.timeoutMs} = options;
  let lastAnswer: Answer | undefined;
  for (let round = 1; ; round++) {
    const outcomes: Outcome[] = [];
    for (const url of urls) {
      const outcome = await tryOnce(method, url, options, deadline);
      outcomes.push(outcome);
      if ('answer' in outcome && outcome.pauseMs === undefined) return outcome.answer;
      if (performance.now() >= deadline) break;
    }
    const last = outcomes.at(-1);
    if (last === undefined) throw new UniqueIDError('USAGE', 'No server given.');
    if ('answer' in last) lastAnswer = last.answer;
    const pause = ('answer' in last ? last.pauseMs : undefined) ?? backoff(round + 4);
    const isLast = round > (options.retries ?? 0) || !outcomes.some(isTransient);
    if (isLast || performance.now() + pause >= deadline) {
      // A service that answered before says more than an attempt that ran out of time.
      if (lastAnswer !== undefined && ('answer' in last || performance.now() >= deadline)) return lastAnswer;
      if ('error' in last) throw last.error;
    }
    await pauseFor(pause, options.signal);
  }
}

/** Returns false if a repetition cannot help, such as with an expired certificate. */
function isTransient(outcome: Outcome): boolean {
  return 'answer' in outcome || outcome.error.transient;
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
    return {error: await connectionFailure(url, error, timeoutMs, deadline)};
  }
}

/** Parses seconds only: our services send no date. */
function pauseAfter(header: string | undefined): number {
  const wait = header !== undefined && /^[0-9]{1,4}$/.test(header) ? Number(header) * 1000 : 0;
  // Jitter, so that not all clients return at the same time.
  return Math.min(wait, MAX_PAUSE_MS) * (0.5 + Math.random() / 2) + backoff(4);
}
