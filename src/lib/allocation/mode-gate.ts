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

/** So many servers may create modes as fast as this one before a count that is trusted can hide that the table is full. */
const SERVERS = 16;

/** Keeps strangers from filling the table with rows: decides which modes a group may create. */
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
   * Whether so many modes, which this process has not allocated from yet, may be created unseen. Otherwise it is
   * first to be found out which of them are there.
   */
  isOpen(further: number): boolean | Promise<boolean> {
    const {createModes, maxModes} = this.#policy;
    if (!createModes) return false;
    if (maxModes === 0) return true;
    // Nobody has to count again before modes are to be created: few are ever taken out of a table.
    if (!this.#isFar(0)) return false;
    const age = performance.now() - this.#countedAt;
    const isTrusted = age <= TRUST_MS && this.#isFar(this.#added + further);
    return isTrusted ? this.#letIn(further) : this.#recount().then(() => this.#letIn(further));
  }

  /**
   * @param modes modes that the database does not have; where there is room for some, it is for the first
   * @returns those that must not be created, and why
   */
  async rejected(modes: readonly string[]): Promise<ReadonlyMap<string, UniqueIDError>> {
    const {createModes, maxModes} = this.#policy;
    const room = createModes ? await this.#room() : 0;
    return new Map(
      modes.slice(room).map((mode) => [mode, createModes ? tooMany(mode, maxModes) : mayNotCreate(mode)]),
    );
  }

  #letIn(further: number): boolean {
    if (!this.#isFar(further)) return false;
    // All of them may be new.
    this.#added += further;
    return true;
  }

  /** Whether so many modes, created by each of many servers since they were counted, are nowhere near the limit. */
  #isFar(created: number): boolean {
    return this.#count + created * SERVERS + MARGIN < this.#policy.maxModes;
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
