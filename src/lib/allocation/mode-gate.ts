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

/** So many servers may create modes as fast as this one before a count that is trusted can hide that the table is full. */
const SERVERS = 16;

/** Keeps strangers from filling the table with rows: decides which unknown modes a group may create. */
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
    if (this.#isFull()) return true;
    const isFar = (): boolean => this.#count + (this.#added + further) * SERVERS + MARGIN < maxModes;
    if (!isFar() || performance.now() - this.#countedAt > TRUST_MS) await this.#recount();
    if (!isFar()) return true;
    // All of them may be new.
    this.#added += further;
    return false;
  }

  async #room(): Promise<number> {
    return this.#isFull() ? 0 : this.#policy.maxModes - (await this.#recount());
  }

  /** A full table is taken to stay full for a moment: a stranger must not have it counted again and again. */
  #isFull(): boolean {
    return this.#count >= this.#policy.maxModes && performance.now() - this.#countedAt <= TRUST_MS;
  }

  async #recount(): Promise<number> {
    this.#count = await this.#store.countModes(this.#policy.maxModes);
    this.#countedAt = performance.now();
    this.#added = 0;
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
