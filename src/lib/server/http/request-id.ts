import type {RequestFacts} from '../observability/request-facts.js';

export const REQUEST_ID_HEADER = 'X-Request-Id';

/** Anything else could break a line of a log, or is no id; the bound keeps logs small. */
const wellFormed = /^[A-Za-z0-9._-]{1,128}$/;

/** Returns the id that the client gave its request; `undefined` if it gave none, or a malformed one. */
export function requestIdOf({headers}: Pick<RequestFacts, 'headers'>): string | undefined {
  const id = headers['x-request-id'];
  return typeof id === 'string' && wellFormed.test(id) ? id : undefined;
}

/** Returns the header that repeats the id of the client, as a list of names and values. */
export function requestIdHeader(request: Pick<RequestFacts, 'headers'>): readonly string[] {
  const id = requestIdOf(request);
  return id === undefined ? [] : [REQUEST_ID_HEADER, id];
}

/** Returns the id in the headers of an answer, which are alternating names and values. */
export function sentRequestId(headers: readonly string[] = []): string | undefined {
  const index = headers.indexOf(REQUEST_ID_HEADER);
  return index < 0 ? undefined : headers[index + 1];
}
