import {randomUUID} from 'node:crypto';
import type {UniqueIDError} from '../../core/errors.js';
import {REQUEST_ID_HEADER, requestIdOf} from './request-id.js';
import {formatError} from './response-writer.js';
import {GETID_PATH, splitTarget} from './target.js';
import type {ErrorTally} from '../observability/error-tally.js';
import type {Metrics} from '../observability/metrics.js';
import type {RequestFacts} from '../observability/request-facts.js';

/** An error as it is sent to a client. */
export interface Rejection {
  readonly status: number;
  readonly body: string;
  /** Alternating names and values. */
  readonly headers: readonly string[];
}

/** Records a failure of the service itself; `requestId` is also in the answer. */
export type FailureRecorder = (error: UniqueIDError, request: RequestFacts, requestId: string) => void;

/** The header that holds the code of an error. */
const CODE_HEADER = 'X-Error-Code';

/** Turns errors into answers, counts each, and records those that are failures of the service itself. */
export class Rejections {
  readonly #metrics: Metrics;
  readonly #tally: ErrorTally;
  readonly #record: FailureRecorder;

  constructor(metrics: Metrics, tally: ErrorTally, record: FailureRecorder) {
    this.#metrics = metrics;
    this.#tally = tally;
    this.#record = record;
  }

  of(error: UniqueIDError, request: RequestFacts, extra: readonly string[] = []): Rejection {
    this.#metrics.rejected(error);
    if (splitTarget(request.url ?? '').path === GETID_PATH) this.#metrics.totals.rejected++;
    const requestId = requestIdOf(request) ?? randomUUID();
    this.#tally.record(error, requestId);
    const rejection = toRejection(error, requestId, extra);
    if (rejection.status >= 500) this.#record(error, request, requestId);
    return rejection;
  }
}

/** @param extra further headers, as alternating names and values */
export function toRejection(
  error: UniqueIDError,
  requestId: string = randomUUID(),
  extra: readonly string[] = [],
): Rejection {
  const status = error.httpStatus;
  const headers = [
    CODE_HEADER,
    error.code,
    REQUEST_ID_HEADER,
    requestId,
    ...(status === 503 ? ['Retry-After', '1'] : []),
    ...(status === 401 ? ['WWW-Authenticate', 'Bearer realm="uniqueid"'] : []),
    ...extra,
  ];
  return {status, body: formatError(error), headers};
}
