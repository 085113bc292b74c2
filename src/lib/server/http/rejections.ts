import type {UniqueIDError} from '../../core/errors.js';
import {formatError} from './response-writer.js';
import type {Metrics} from '../observability/metrics.js';
import type {RequestFacts} from '../observability/request-facts.js';

/** An error on its way to a client. */
export interface Rejection {
  readonly status: number;
  readonly body: string;
  /** Names and values in turn. */
  readonly headers: readonly string[];
}

/** Told of each failure that is the service's own; answers the id by which it is found in the log. */
export type FailureRecorder = (error: UniqueIDError, request: RequestFacts) => string;

/** Turns errors into answers, and has each counted and, where it is the service's own, logged. */
export class Rejections {
  readonly #metrics: Metrics;
  readonly #record: FailureRecorder;

  constructor(metrics: Metrics, record: FailureRecorder) {
    this.#metrics = metrics;
    this.#record = record;
  }

  of(error: UniqueIDError, request: RequestFacts, extra: readonly string[] = []): Rejection {
    this.#metrics.refused(error);
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
