import {toUniqueIDError, type UniqueIDError} from '../core/errors.js';
import type {Advance, Store} from '../store/store.js';
import type {ModeGate} from './mode-gate.js';
import type {RegressionGuard} from './regression-guard.js';
import type {UnwritableModes} from './unwritable-modes.js';
import {keepWhatFits, refuseAll, type Unit} from './pending-requests.js';

/** A run that is committed and not handed out yet. */
export interface Committed {
  readonly unit: Unit;
  readonly first: bigint;
  readonly next: bigint;
}

/** What a committer works with. */
export interface GroupCommitterOptions {
  readonly store: Store;
  readonly guard: RegressionGuard;
  /** Which modes may be created; without it all may. */
  readonly gate: ModeGate | undefined;
  /** Is told which modes the database cannot hold. */
  readonly unwritable: UnwritableModes;
  /** The first integer of a mode that the database does not know yet. */
  readonly firstIndex: bigint;
}

/** The floor of a claim in a mode that has to be there, wherever its counter stands. */
const ANYWHERE = 0n;

/** Has the store commit a group, and refuses, each alone, the requests of the group that cannot be had. */
export class GroupCommitter {
  readonly #options: GroupCommitterOptions;

  constructor(options: GroupCommitterOptions) {
    this.#options = options;
  }

  /**
   * Commits what may be had of these. The store is asked at once, unless the modes have to be counted first.
   *
   * @param committed is added to as the store commits: what is in it is so even where the rest then fails
   * @throws UniqueIDError `DATABASE_*` and `SCHEMA_*`, and what the store throws for a single mode
   */
  async commit(units: readonly Unit[], committed: Committed[]): Promise<void> {
    const mayCreate = this.#mayCreate(units);
    // To await what is there would let the callers of the last group be answered before the store has its next one.
    await this.#advance(units, typeof mayCreate === 'boolean' ? mayCreate : await mayCreate, committed);
  }

  /** A mode that this process has allocated from is there, and need not be created. */
  #mayCreate(units: readonly Unit[]): boolean | Promise<boolean> {
    const {gate, guard} = this.#options;
    if (gate === undefined) return true;
    const unseen = units.filter(({mode}) => guard.issued(mode) === undefined).length;
    return unseen === 0 || gate.isOpen(unseen);
  }

  async #advance(units: readonly Unit[], mayCreate: boolean, committed: Committed[]): Promise<void> {
    const {store, guard, firstIndex} = this.#options;
    const lowest = mayCreate ? undefined : ANYWHERE;
    const claims = units.map(({mode, total}) => ({mode, count: total, floor: guard.issued(mode) ?? lowest}));
    let results: readonly Advance[];
    try {
      results = await store.advance(claims, firstIndex);
    } catch (error) {
      await this.#split(units, mayCreate, committed, toUniqueIDError(error));
      return;
    }
    const again: Unit[] = [];
    const absent: Unit[] = [];
    const lost: string[] = [];
    for (const [index, unit] of units.entries()) {
      const result = results[index];
      if (result === undefined) continue;
      if ('next' in result) this.#take(unit, result.next, committed);
      else if ('error' in result) this.#refuse(unit, result.error);
      else if ('remaining' in result) again.push(keepWhatFits(unit, result.remaining));
      else if (result.behind === undefined && claims[index]?.floor === ANYWHERE) absent.push(unit);
      else {
        if (result.behind === undefined) lost.push(unit.mode);
        refuseAll(unit, guard.stop(unit.mode, result.behind ?? 0n));
      }
    }
    if (lost.length > 0) await this.#createUnused(lost);
    const rest = again.filter(({waiting}) => waiting.length > 0);
    if (rest.length > 0) await this.#advance(rest, mayCreate, committed);
    const admitted = absent.length > 0 ? await this.#admitted(absent) : [];
    if (admitted.length > 0) await this.#advance(admitted, true, committed);
  }

  /**
   * Commits the halves of a group each by itself: the database refused something of it, and one mode may be the cause,
   * such as one that its character set lacks.
   *
   * @throws what was refused, where it is not the fault of a mode
   */
  async #split(
    units: readonly Unit[],
    mayCreate: boolean,
    committed: Committed[],
    failure: UniqueIDError,
  ): Promise<void> {
    const [unit, second] = units;
    if (unit === undefined || isOfDatabase(failure)) throw failure;
    if (second === undefined) {
      // A mode that the table cannot hold says nothing about the database.
      if (failure.code !== 'INVALID_MODE') throw failure;
      this.#refuse(unit, failure);
      return;
    }
    const middle = units.length >> 1;
    for (const half of [units.slice(0, middle), units.slice(middle)]) {
      try {
        await this.#advance(half, mayCreate, committed);
      } catch (error) {
        const fault = toUniqueIDError(error);
        if (isOfDatabase(fault)) throw fault;
        for (const each of half) refuseAll(each, fault);
      }
    }
  }

  #refuse(unit: Unit, error: UniqueIDError): void {
    if (error.code === 'INVALID_MODE') this.#options.unwritable.add(unit.mode, error);
    refuseAll(unit, error);
  }

  /** The store has compared the counter with the floor of the claim; what it answers is not taken on trust. */
  #take(unit: Unit, next: bigint, committed: Committed[]): void {
    const {mode, total} = unit;
    const first = next - total;
    const refused = this.#options.guard.pass(mode, first, next);
    if (refused === undefined) committed.push({unit, first, next});
    else refuseAll(unit, refused);
  }

  /** Of modes that are not there, those that may be created. */
  async #admitted(absent: readonly Unit[]): Promise<readonly Unit[]> {
    const refused = await this.#options.gate?.refused(absent.map(({mode}) => mode));
    return absent.filter((unit) => {
      const error = refused?.get(unit.mode);
      if (error !== undefined) refuseAll(unit, error);
      return error === undefined;
    });
  }

  /** Makes modes that this process has handed out and the database does not know, so that `reset` finds them. */
  async #createUnused(modes: readonly string[]): Promise<void> {
    const {store, firstIndex} = this.#options;
    await store.raiseCounters(
      modes.map((mode) => ({mode, next: firstIndex})),
      false,
    );
  }
}

/** Whether the whole database is meant, and not one mode. */
function isOfDatabase({code, transient}: UniqueIDError): boolean {
  return transient || /^(?:DATABASE|SCHEMA)_/.test(code);
}
