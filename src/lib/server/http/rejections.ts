import type {UniqueIDError} from '../../core/errors.js';
import {formatError} from './response-writer.js';
import type {Metrics} from '../observability/metrics.js';
import type {RequestFacts} from '../observability/request-facts.js';

/** An error as it is sent to a client. */
export interface Rejection {
  readonly status: number;
  readonly body: string;
  /** Alternating names and values. */
  readonly headers: readonly string[];
}

/** Records a failure of the service itself, and returns the id that finds it in the log. */
export type FailureRecorder = (error: UniqueIDError, request: RequestFacts) => string;

/** Turns errors into answers, counts each, and records those that are failures of the service itself. */
export class Rejections {
  readonly #metrics: Metrics;
  readonly #record: FailureRecorder;

  constructor(metrics: Metrics, record: FailureRecorder) {
    this.#metrics = metrics;
    this.#record = record;
  }

  of(error: UniqueIDError, request: RequestFacts, extra: readonly string[] = []): Rejection {
    this.#metrics.rejected(error);
    const status = error.httpStatus;
    const headers = [
      ...(status === 503 ? ['Retry-After', '1'] : []),
      ...(status === 401 ? ['WWW-Authenticate', 'Bearer realm="uniqueid"'] : []),
      ...(status >= 500 ? ['X-Request-Id', this.#record(error, request)] : []),
      ...extra,
    ];
    return {status, body: formatError(error), headers};
  }
}
