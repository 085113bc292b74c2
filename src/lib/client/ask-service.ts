import {setTimeout as sleep} from 'node:timers/promises';
import {backoff} from '../backoff.js';
import {UniqueIDError} from '../errors.js';

/** How to ask a running service. */
export interface AskOptions {
  /** How long all tries together may take, in milliseconds. */
  readonly timeoutMs: number;
  /** How often to ask again a service that does not answer, or answers 502, 503 or 504. */
  readonly retries?: number;
  /** A bearer token, where the service asks for one. */
  readonly token?: string | undefined;
}

/** The answer of a service, whatever its status. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** The longest time that `Retry-After` is obeyed, in milliseconds. */
const LONGEST_PAUSE_MS = 10_000;

/**
 * The URL of one resource of a service.
 *
 * @param server the service's URL, such as `http://127.0.0.1:8051`; a path in it is kept
 * @throws UniqueIDError `USAGE` where that is no URL of a service
 */
export function serviceUrl(
  server: string,
  resource: string,
  query: Readonly<Record<string, string>> = {},
): URL {
  const text = server.endsWith('/') ? server : `${server}/`;
  const base = URL.canParse(text) ? new URL(text) : undefined;
  if (base === undefined || !/^https?:$/.test(base.protocol)) {
    throw new UniqueIDError('USAGE', `${JSON.stringify(server)} is not the URL of a service.`, {
      hint: 'Write http://HOST:PORT, such as http://127.0.0.1:8051.',
    });
  }
  const url = new URL(resource, base);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url;
}

/**
 * Asks a service, again after a pause where that may help. An answer that was lost on the way costs a gap, never a
 * duplicate, so asking again is safe.
 *
 * @throws UniqueIDError `REMOTE_FAILED` where no answer came
 */
export async function askService(method: 'GET' | 'POST', url: URL, options: AskOptions): Promise<Answer> {
  const deadline = performance.now() + options.timeoutMs;
  for (let failures = 1; ; failures++) {
    const last = failures > (options.retries ?? 0);
    const outcome = await tryOnce(method, url, options, deadline);
    const pause = 'answer' in outcome ? outcome.pauseMs : backoff(failures + 4);
    if (last || pause === undefined || performance.now() + pause >= deadline) {
      if ('answer' in outcome) return outcome.answer;
      throw outcome.error;
    }
    await sleep(pause);
  }
}

/** An answer, with the pause after which another may be better; or none. */
type Outcome =
  {readonly answer: Answer; readonly pauseMs: number | undefined} | {readonly error: UniqueIDError};

async function tryOnce(
  method: string,
  url: URL,
  {timeoutMs, token}: AskOptions,
  deadline: number,
): Promise<Outcome> {
  try {
    const response = await fetch(url, {
      method,
      headers: token === undefined || token === '' ? {} : {authorization: `Bearer ${token}`},
      signal: AbortSignal.timeout(Math.max(1, Math.ceil(deadline - performance.now()))),
      redirect: 'error',
    });
    const {status, headers} = response;
    const pauseMs = [502, 503, 504].includes(status) ? retryAfter(headers.get('retry-after')) : undefined;
    return {answer: {status, body: await response.text()}, pauseMs};
  } catch (error) {
    return {error: noAnswer(url, error, timeoutMs)};
  }
}

/** Seconds or nothing; a date is not worth its code between a client and a service of ours. */
function retryAfter(header: string | null): number {
  const wait = header !== null && /^[0-9]{1,4}$/.test(header) ? Number(header) * 1000 : 0;
  // Not all clients at once.
  return Math.min(wait, LONGEST_PAUSE_MS) * (0.5 + Math.random() / 2) + backoff(4);
}

function noAnswer(url: URL, error: unknown, timeoutMs: number): UniqueIDError {
  const {name, cause} = error as Error & {cause?: {code?: string; message?: string}};
  const why =
    name === 'TimeoutError'
      ? `it took longer than ${timeoutMs / 1000} s`
      : (cause?.code ?? cause?.message ?? name);
  return new UniqueIDError('REMOTE_FAILED', `The service at ${url.origin} did not answer: ${why}.`, {
    cause: error,
    hint: 'Check that it runs and that this machine can reach it.',
  });
}

/** An answer that is not the one hoped for, as an error. */
export function wrongAnswer({origin}: URL, {status, body}: Answer): UniqueIDError {
  const said =
    messageOf(body) ?? (status === 200 ? 'something that is not what was asked for.' : 'nothing more.');
  const hint =
    status === 401
      ? 'Set UNIQUEID_TOKEN to a token of that service.'
      : 'Correct the request, or ask whoever runs the service; "uniqueid status" shows its database.';
  return new UniqueIDError('REMOTE_FAILED', `The service at ${origin} answered ${status}: ${said}`, {hint});
}

function messageOf(body: string): string | undefined {
  try {
    const {message} = JSON.parse(body) as {message?: unknown};
    return typeof message === 'string' ? message : undefined;
  } catch {
    return undefined;
  }
}
