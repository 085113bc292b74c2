import type {Logger} from 'pino';
import type {ErrorCode, UniqueIDError} from '../../core/errors.js';
import type {RequestFacts} from './request-facts.js';

/** Minimum time between two records of one code: an outage fails thousands of requests per second. */
const QUIET_MS = 1000;

/** Logs failures of the service itself, without letting an outage fill the disk. */
export class FailureLog {
  readonly #logger: Logger;
  readonly #last = new Map<ErrorCode, {at: number; suppressed: number}>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  record(error: UniqueIDError, request: RequestFacts, requestId: string): void {
    const now = performance.now();
    const last = this.#last.get(error.code);
    if (last !== undefined && now - last.at < QUIET_MS) {
      last.suppressed++;
      return;
    }
    const alike = last?.suppressed ?? 0;
    this.#last.set(error.code, {at: now, suppressed: 0});
    const details = {
      requestId,
      code: error.code,
      method: request.method,
      url: request.url,
      ...(error.hint === undefined ? {} : {hint: error.hint}),
      ...(alike > 0 ? {alike} : {}),
    };
    // Only an unforeseen failure needs its stack trace.
    if (error.code === 'UNEXPECTED') this.#logger.error({...details, err: error}, error.message);
    else this.#logger.error(details, error.message);
  }
}
