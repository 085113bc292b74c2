import type {UniqueIDError} from '../core/errors.js';

/** Is told what an allocator does, for metrics; called between requests, so it must be quick and must not throw. */
export interface AllocatorObserver {
  /** A group has been committed, or rejected by the database. */
  readonly group: (requests: number, seconds: number) => void;
  /** A mode has handed out integers to so many requests; `next` is its counter now. */
  readonly granted: (mode: string, requests: number, ids: bigint, next: bigint) => void;
  /** A request has been answered after so long. */
  readonly waited: (seconds: number) => void;
  /** The database failed; the group is tried again where the error is `transient`. */
  readonly failed: (error: UniqueIDError) => void;
}
