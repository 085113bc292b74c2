import {EMPTY_RANGE, MAX_COUNTER, type IdRange} from '../core/range.js';
import {sendRequest, serviceUrl, type Answer, type SendOptions} from './send-request.js';
import {unexpectedAnswer} from './unexpected-answer.js';

/** A range, and the server that issued it. */
export interface IssuedRange extends IdRange {
  readonly server: string;
}

/**
 * Requests a range from a running service.
 *
 * @param servers URLs of the service, such as `http://127.0.0.1:8051`, in order of preference; a path before
 *   `/getid` is kept
 * @throws UniqueIDError `USAGE` if a URL is invalid; `REMOTE_FAILED` if the service does not answer, or does
 *   not answer with a range
 */
export async function requestRange(
  servers: readonly string[],
  mode: string,
  range: bigint,
  options: SendOptions,
): Promise<IssuedRange> {
  const answer = await tryRequestRange(servers, mode, range, options);
  if ('start' in answer) return answer;
  throw unexpectedAnswer(answer);
}

/** Like `requestRange`, but returns an answer that is not a range of that size instead of throwing. */
export async function tryRequestRange(
  servers: readonly string[],
  mode: string,
  range: bigint,
  options: SendOptions,
): Promise<IssuedRange | Answer> {
  const urls = servers.map((server) => serviceUrl(server, 'getid', {range: String(range), mode}));
  // POST, because no cache on the way may answer it.
  const answer = await sendRequest('POST', urls, options);
  const taken = answer.status === 200 ? parseRangeAnswer(answer.body) : undefined;
  if (taken !== undefined && isRangeOf(taken, range))
    return {...taken, server: servers[urls.indexOf(answer.url)] ?? ''};
  return answer;
}

/** Accepts only the exact bytes of the API, which are unambiguous to the last digit. */
function parseRangeAnswer(body: string): IdRange | undefined {
  const integer = '(-[12]|0|[1-9][0-9]{0,18})';
  const match = new RegExp(`^\\{"endIndex": ${integer}, "startIndex": ${integer}\\}\\s*$`).exec(body);
  return match === null ? undefined : {start: BigInt(match[2] ?? ''), end: BigInt(match[1] ?? '')};
}

/** Returns true if a range has this size and only integers that a counter can issue. */
function isRangeOf({start, end}: IdRange, count: bigint): boolean {
  if (count === 0n) return start === EMPTY_RANGE.start && end === EMPTY_RANGE.end;
  return start >= 0n && end < MAX_COUNTER && end - start + 1n === count;
}
