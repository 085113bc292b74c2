import {errorTable, UniqueIDError, type ErrorCode} from '../core/errors.js';
import {retryableStatuses, type Answer} from './send-request.js';

/** Longest text of a service that an error repeats, in characters. */
const MAX_MESSAGE_LENGTH = 500;

/**
 * Returns the error for an unexpected answer, with the code that the service names: a failure is the same
 * with a service and without one. The code is `REMOTE_FAILED` if the service names none. `httpStatus` is the
 * status of the answer, or 502 if the answer is not an error.
 */
export function unexpectedAnswer({status, body, flaw, errorCode, url}: Answer): UniqueIDError {
  const detail =
    messageOf(body) ??
    (flaw === undefined ? (status === 200 ? 'unexpected content.' : 'no details.') : `${flaw}.`);
  const isError = status >= 400;
  const code = isError && isServiceCode(errorCode) ? errorCode : 'REMOTE_FAILED';
  return UniqueIDError.restored({
    code,
    message: `The service at ${url.origin} answered ${status}: ${detail}`,
    hint: hintFor(status),
    transient: retryableStatuses.includes(status),
    cause: undefined,
    httpStatus: isError ? status : errorTable.REMOTE_FAILED.http,
  });
}

function hintFor(status: number): string {
  if (status === 401) return 'Set UNIQUEID_TOKEN to a token of that service.';
  if (status < 400) return 'Check that this is the address of a UniqueID service.';
  const remedy = retryableStatuses.includes(status) ? 'Try again later' : 'Correct the request';
  return `${remedy}, or ask the operator of the service; "uniqueid status" shows its database.`;
}

function isServiceCode(text: string | undefined): text is ErrorCode {
  if (text === undefined || !Object.hasOwn(errorTable, text)) return false;
  return !('isLocal' in errorTable[text as ErrorCode]);
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
