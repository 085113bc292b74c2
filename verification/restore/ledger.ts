import type {Outcome} from '../torture/asker.js';

/** The knowledge of the trial about the counters of one run while it goes on. */
export class Ledger {
  readonly #next = new Map<string, bigint>();
  readonly #ceilings = new Map<string, bigint>();
  readonly #modes: string[];
  readonly wrong: string[] = [];

  constructor(modes: readonly string[]) {
    this.#modes = [...modes];
  }

  modes(): readonly string[] {
    return this.#modes;
  }

  addMode(mode: string): void {
    this.#modes.push(mode);
  }

  /** Returns one more than the highest answered integer since the last reset backwards. */
  next(mode: string): bigint {
    return this.#next.get(mode) ?? 0n;
  }

  record(mode: string, outcome: Outcome): void {
    if (outcome.is === 'wrong') this.wrong.push(`wrong answer: ${outcome.answer}`);
    if (outcome.is !== 'answered') return;
    if (outcome.end >= this.next(mode)) this.#next.set(mode, outcome.end + 1n);
    const ceiling = this.#ceilings.get(mode);
    if (ceiling !== undefined && outcome.start >= ceiling)
      this.wrong.push(`${mode}: ${outcome.start} after a reset backwards, which somebody undid`);
  }

  /** Records a reset backwards. Until the next accident, no answer may reach the ceiling. */
  movedBack(mode: string, to: bigint, ceiling: bigint): void {
    this.#next.set(mode, to);
    this.#ceilings.set(mode, ceiling);
  }

  /** Forgets the ceilings: a restored backup may be older than a reset. */
  restored(): void {
    this.#ceilings.clear();
  }
}
