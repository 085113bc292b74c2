/** The path of the route that allocates. */
export const GETID_PATH = '/getid';

/** Splits a request target in origin form or, from a proxy, in absolute form (RFC 9112, 3.2). */
export function splitTarget(target: string): {path: string; query: string} {
  const origin = target.startsWith('/') ? target : target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?]*/i, '');
  const mark = origin.indexOf('?');
  const path = mark < 0 ? origin : origin.slice(0, mark);
  return {
    path: path === `${GETID_PATH}/` ? GETID_PATH : path === '' ? '/' : path,
    query: mark < 0 ? '' : origin.slice(mark + 1),
  };
}

/** Recognizes a prefetch by the value of `Sec-Purpose`, or of `Purpose` and `X-Moz` of older browsers. */
export function isPrefetchPurpose(purpose: string): boolean {
  return /\b(?:prefetch|prerender|preview)\b/i.test(purpose);
}
