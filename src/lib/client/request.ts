import type {IdRange} from '../allocation/range.js';
import {askService, serviceUrl, wrongAnswer, type Answer, type AskOptions} from './ask-service.js';

/** A range, and the server that gave it. */
export interface GivenRange extends IdRange {
  readonly server: string;
}

/**
 * Asks a running service for a range.
 *
 * @param servers URLs of the service, such as `http://127.0.0.1:8051`, asked in this order; a path before `/getid`
 *   is kept
 * @throws UniqueIDError `USAGE` where a URL is none; `REMOTE_FAILED` where the service does not answer, or
 *   not with a range
 */
export async function requestRange(
  servers: readonly string[],
  mode: string,
  range: bigint,
  options: AskOptions,
): Promise<GivenRange> {
  const answer = await askForRange(servers, mode, range, options);
  if ('start' in answer) return answer;
  throw wrongAnswer(answer);
}

/** Does what `requestRange` does, and returns an answer that is no range of that size. */
export async function askForRange(
  servers: readonly string[],
  mode: string,
  range: bigint,
  options: AskOptions,
): Promise<GivenRange | Answer> {
  const urls = servers.map((server) => serviceUrl(server, 'getid', {range: String(range), mode}));
  // POST, because no cache on the way may answer it.
  const answer = await askService('POST', urls, options);
  const match = /^\{"endIndex": (-?[0-9]{1,19}), "startIndex": (-?[0-9]{1,19})\}\s*$/.exec(answer.body);
  if (answer.status === 200 && match !== null) {
    const taken = {start: BigInt(match[2] ?? ''), end: BigInt(match[1] ?? '')};
    if (taken.end - taken.start + 1n === range)
      return {...taken, server: servers[urls.indexOf(answer.url)] ?? ''};
  }
  return answer;
}
