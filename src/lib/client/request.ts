import type {IdRange} from '../allocation/range.js';
import {UniqueIDError} from '../errors.js';

/**
 * Asks a running service for a range.
 *
 * @param server the service's URL, such as `http://127.0.0.1:8051`; a path before `/getid` is kept
 * @param timeoutMs how long to wait for the answer, in milliseconds
 * @throws UniqueIDError `USAGE` where the URL is none; `REMOTE_FAILED` where the service does not answer, or
 *   not with a range
 */
export async function requestRange(
  server: string,
  mode: string,
  range: bigint,
  timeoutMs: number,
): Promise<IdRange> {
  const url = getidUrl(server, mode, range);
  const {status, body} = await post(url, timeoutMs);
  const answer = /^\{"endIndex": (-?[0-9]+), "startIndex": (-?[0-9]+)\}\s*$/.exec(body);
  if (status === 200 && answer !== null) {
    const taken = {start: BigInt(answer[2] ?? ''), end: BigInt(answer[1] ?? '')};
    if (taken.end - taken.start + 1n === range) return taken;
  }
  const said =
    messageOf(body) ?? (status === 200 ? 'something that is not the range asked for.' : 'nothing more.');
  throw new UniqueIDError('REMOTE_FAILED', `The service at ${url.origin} answered ${status}: ${said}`, {
    hint: 'Correct the request, or ask whoever runs the service; "uniqueid status" shows its database.',
  });
}

function getidUrl(server: string, mode: string, range: bigint): URL {
  const text = server.endsWith('/') ? server : `${server}/`;
  const base = URL.canParse(text) ? new URL(text) : undefined;
  if (base === undefined || !/^https?:$/.test(base.protocol)) {
    throw new UniqueIDError('USAGE', `${JSON.stringify(server)} is not the URL of a service.`, {
      hint: 'Write http://HOST:PORT, such as http://127.0.0.1:8051.',
    });
  }
  const url = new URL('getid', base);
  url.searchParams.set('range', String(range));
  url.searchParams.set('mode', mode);
  return url;
}

/** POST, because no cache on the way may answer it. */
async function post(url: URL, timeoutMs: number): Promise<{status: number; body: string}> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      signal: AbortSignal.timeout(timeoutMs),
      redirect: 'error',
    });
    return {status: response.status, body: await response.text()};
  } catch (error) {
    const {name, cause} = error as Error & {cause?: {code?: string; message?: string}};
    const why =
      name === 'TimeoutError'
        ? `it took longer than ${timeoutMs / 1000} s`
        : (cause?.code ?? cause?.message ?? name);
    throw new UniqueIDError('REMOTE_FAILED', `The service at ${url.origin} did not answer: ${why}.`, {
      cause: error,
      hint: 'Check that it runs and that this machine can reach it.',
    });
  }
}

function messageOf(body: string): string | undefined {
  try {
    const {message} = JSON.parse(body) as {message?: unknown};
    return typeof message === 'string' ? message : undefined;
  } catch {
    return undefined;
  }
}
