import {UniqueIDError} from '../core/errors.js';
import type {Store} from '../store/store.js';

/** Which modes may come into being. */
export interface ModePolicy {
  /** Whether a request for an unknown mode creates it. */
  readonly createModes: boolean;
  /** The most modes that the database may hold before no further one is created; 0 for no limit. */
  readonly maxModes: number;
}

/** How long a count is trusted while it is far from the limit, in milliseconds; other servers create modes too. */
const TRUST_MS = 1000;

/** How far from the limit a count need not be exact. */
const MARGIN = 1000;

/** Safety factor: a trusted count stays valid while up to 16 servers create modes at our rate. */
const SERVERS = 16;

/** Keeps strangers from filling the table with rows: decides which missing modes may be created. */
export class ModeGate {
  readonly #store: Store;
  readonly #policy: ModePolicy;
  #count = 0;
  /** How many modes this process may have created since it counted. */
  #added = 0;
  #countedAt = -Infinity;

  constructor(store: Store, policy: ModePolicy) {
    this.#store = store;
    this.#policy = policy;
  }

  /**
   * @param missing modes that the database does not have; if there is room for some only, it is for the first
   * @returns those that must not be created, and why
   */
  async rejected(missing: readonly string[]): Promise<ReadonlyMap<string, UniqueIDError>> {
    const {createModes, maxModes} = this.#policy;
    const room = createModes ? await this.#room(missing.length) : 0;
    return new Map(
      missing.slice(room).map((mode) => [mode, createModes ? tooMany(mode, maxModes) : mayNotCreate(mode)]),
    );
  }

  /** Returns how many modes may be created now, and takes it that `wanted` of them are. */
  async #room(wanted: number): Promise<number> {
    const {maxModes} = this.#policy;
    if (maxModes === 0) return wanted;
    const isFresh = performance.now() - this.#countedAt <= TRUST_MS;
    // A full table is taken to stay full for a moment: a stranger must not have it counted again and again.
    if (isFresh && this.#count >= maxModes) return 0;
    if (!isFresh || !this.#isFar(this.#added + wanted)) await this.#recount();
    this.#added += wanted;
    return this.#isFar(this.#added) ? wanted : Math.max(0, maxModes - this.#count);
  }

  /** Whether so many modes, created by each of many servers since they were counted, are nowhere near the limit. */
  #isFar(created: number): boolean {
    return this.#count + created * SERVERS + MARGIN < this.#policy.maxModes;
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
    `There is no mode ${JSON.stringify(mode)}, and new ones are not created here.`,
    {
      hint: 'Correct the mode, or set create_modes in [uniqueid].',
    },
  );
}

function tooMany(mode: string, most: number): UniqueIDError {
  return new UniqueIDError(
    'MODE_NOT_ALLOWED',
    `Mode ${JSON.stringify(mode)} would be one more than the ${most} that may be.`,
    {
      hint: 'Use a mode there is, or raise max_modes in [uniqueid].',
    },
  );
}
