import {UniqueIDError} from '../errors.js';
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

/** Keeps strangers from filling the table with rows: decides which unknown modes a group may create. */
export class ModeGate {
  readonly #store: Store;
  readonly #policy: ModePolicy;
  #count = 0;
  #countedAt = -Infinity;

  constructor(store: Store, policy: ModePolicy) {
    this.#store = store;
    this.#policy = policy;
  }

  /**
   * @param modes modes that this process has not allocated from yet, in the order of arrival
   * @returns those that must not be created, and why
   */
  async refused(modes: readonly string[]): Promise<ReadonlyMap<string, UniqueIDError>> {
    const {createModes, maxModes} = this.#policy;
    const refused = new Map<string, UniqueIDError>();
    if (modes.length === 0 || (createModes && !(await this.#isNearLimit(modes.length)))) return refused;
    const known = await this.#store.known(modes);
    let room = createModes ? await this.#room() : 0;
    for (const mode of modes) {
      if (known.has(mode)) continue;
      if (room > 0) room--;
      else refused.set(mode, createModes ? tooMany(mode, maxModes) : mayNotCreate(mode));
    }
    return refused;
  }

  async #isNearLimit(further: number): Promise<boolean> {
    const {maxModes} = this.#policy;
    if (maxModes === 0) return false;
    if (performance.now() - this.#countedAt > TRUST_MS) await this.#recount();
    if (this.#count + further + MARGIN >= maxModes) return true;
    // All of them may be new.
    this.#count += further;
    return false;
  }

  /** A full table is taken to stay full for a moment: a stranger must not have it counted again and again. */
  async #room(): Promise<number> {
    const {maxModes} = this.#policy;
    const isFull = this.#count >= maxModes && performance.now() - this.#countedAt <= TRUST_MS;
    return isFull ? 0 : maxModes - (await this.#recount());
  }

  async #recount(): Promise<number> {
    this.#count = await this.#store.countModes(this.#policy.maxModes);
    this.#countedAt = performance.now();
    return this.#count;
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
