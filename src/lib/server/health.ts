import type {Allocator} from '../allocation/allocator.js';
import {toUniqueIDError, UniqueIDError} from '../errors.js';
import {schemaProblem} from '../store/schema/verdict.js';
import type {Store} from '../store/store.js';
import {withTimeLimit} from '../store/time-limit.js';

/** An answer is used for so long, however often it is asked for, in milliseconds. */
const FRESH_MS = 500;

/** A database that takes longer is away, for whoever watches. */
const PATIENCE_MS = 2000;

/** A failed group says that integers cannot be had for so long, unless one succeeds. */
const FAILURE_COUNTS_MS = 5000;

/** Tells whether a server can allocate, without allocating. */
export class Health {
  readonly #store: Store;
  readonly #allocator: Allocator;
  #looking: Promise<UniqueIDError | undefined> | undefined;
  #lookedAt = -Infinity;
  /** Set when the server stops. */
  stopping = false;

  constructor(store: Store, allocator: Allocator) {
    this.#store = store;
    this.#allocator = allocator;
  }

  /** @returns why integers cannot be had; `undefined` where they can */
  async problem(): Promise<UniqueIDError | undefined> {
    if (this.stopping) return new UniqueIDError('STOPPING', 'The service is stopping.');
    const isStopped = this.#allocator.guard.regressions().length > 0;
    const failure = this.#allocator.lastFailure();
    if (!isStopped && failure !== undefined && failure.agoMs < FAILURE_COUNTS_MS) return failure.error;
    const now = performance.now();
    if (isStopped || this.#looking === undefined || now - this.#lookedAt > FRESH_MS) {
      this.#lookedAt = now;
      this.#looking = this.#look();
    }
    return this.#looking;
  }

  async #look(): Promise<UniqueIDError | undefined> {
    const {location} = this.#store;
    const inTime = <T>(work: Promise<T>): Promise<T> =>
      withTimeLimit(
        work,
        PATIENCE_MS,
        () =>
          new UniqueIDError('DATABASE_UNAVAILABLE', `The database ${location} does not answer.`, {
            transient: true,
          }),
      );
    try {
      const regressed = await inTime(this.#allocator.guard.problem());
      if (regressed !== undefined) return regressed;
      const state = await inTime(this.#store.readSchema());
      return schemaProblem(state, location);
    } catch (error) {
      return toUniqueIDError(error);
    }
  }
}
