import {UniqueIDError} from '../core/errors.js';
import type {Store} from '../store/store.js';

/** Rules for creating modes. */
export interface ModePolicy {
  /** Lets a request for a missing mode create it. */
  readonly createModes: boolean;
  /** The number of modes in the database from which no further mode is created; 0 for no limit. */
  readonly maxModes: number;
}

/** Lifetime of the cached count while it is far from the limit; other servers create modes too. */
const COUNT_TTL_MS = 1000;

/** Closer than this to the limit, the modes are counted exactly. */
const MARGIN = 1000;

/** Safety factor: the cached count stays valid while up to 16 servers create modes at our rate. */
const ASSUMED_SERVERS = 16;

/** Decides which missing modes may be created, so that clients cannot fill the table with rows. */
export class ModeGate {
  readonly #store: Store;
  readonly #policy: ModePolicy;
  #count = 0;
  /** The modes that this process may have created since the last count. */
  #added = 0;
  #countedAt = -Infinity;

  constructor(store: Store, policy: ModePolicy) {
    this.#store = store;
    this.#policy = policy;
  }

  /**
   * @param missing modes missing from the database; if only some fit below the limit, the first ones do
   * @returns the modes that must not be created, each with its error
   */
  async rejected(missing: readonly string[]): Promise<ReadonlyMap<string, UniqueIDError>> {
    const {createModes, maxModes} = this.#policy;
    const room = createModes ? await this.#reserve(missing.length) : 0;
    return new Map(
      missing.slice(room).map((mode) => [mode, createModes ? tooMany(mode, maxModes) : mayNotCreate(mode)]),
    );
  }

  /** Returns how many modes may be created now, and assumes that all `wanted` ones are. */
  async #reserve(wanted: number): Promise<number> {
    const {maxModes} = this.#policy;
    if (maxModes === 0) return wanted;
    const isFresh = performance.now() - this.#countedAt <= COUNT_TTL_MS;
    // A full table is assumed to stay full for a while, so that a client cannot force a count per request.
    if (isFresh && this.#count >= maxModes) return 0;
    if (!isFresh || !this.#isFarFromLimit(this.#added + wanted)) await this.#recount();
    this.#added += wanted;
    return this.#isFarFromLimit(this.#added) ? wanted : Math.max(0, maxModes - this.#count);
  }

  /** @param created modes created since the last count, per server */
  #isFarFromLimit(created: number): boolean {
    return this.#count + created * ASSUMED_SERVERS + MARGIN < this.#policy.maxModes;
  }

  async #recount(): Promise<void> {
    this.#count = await this.#store.countModes(this.#policy.maxModes);
    this.#countedAt = performance.now();
    this.#added = 0;
  }
}

function mayNotCreate(mode: string): UniqueIDError {
  return new UniqueIDError(
    'MODE_NOT_ALLOWED',
    `Mode ${JSON.stringify(mode)} does not exist, and creating modes is disabled (create_modes).`,
    {
      hint: 'Correct the mode, or set create_modes in [uniqueid].',
    },
  );
}

function tooMany(mode: string, limit: number): UniqueIDError {
  return new UniqueIDError(
    'MODE_NOT_ALLOWED',
    `Cannot create mode ${JSON.stringify(mode)}: the limit of ${limit} modes (max_modes) is reached.`,
    {
      hint: 'Use an existing mode, or raise max_modes in [uniqueid].',
    },
  );
}
