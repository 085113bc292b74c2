import type {UniqueIDError} from '../core/errors.js';

/**
 * Receives an allocator's events, for metrics. It runs between requests: it must be quick and never throw.
 */
export interface AllocatorObserver {
  /** A batch was committed, or all its requests were rejected. */
  readonly group: (requests: number, seconds: number) => void;
  /** Integers of a mode were issued to `requests` callers; `next` is its next index. */
  readonly granted: (mode: string, requests: number, ids: bigint, next: bigint) => void;
  /** A request was answered, this long after its arrival. */
  readonly waited: (seconds: number) => void;
  /** A batch failed; it is retried if the error is `transient`. */
  readonly failed: (error: UniqueIDError) => void;
}
