import {setImmediate as nextTurn} from 'node:timers/promises';
import {integersPerSecond, isWarned, nameFilter} from '../../operations/mode-list.js';
import type {Order} from '../../operations/orders.js';
import {toModeStatus, type ModeStatus} from '../../operations/database-status.js';
import type {Store} from '../../store/store.js';
import type {ModeTotals} from '../observability/mode-series.js';

/** The most modes that the page lists, as many as `uniqueid status --watch` lists. */
const MAX_LISTED_MODES = 100_000;

/** Counters per query, and modes per turn of the event loop: requests must not wait for more. */
const CHUNK = 2000;

/** A shorter time between two readings gives no useful rate. */
const MIN_RATE_MS = 900;

/** One mode, with the reading that its rate is measured from. */
export interface ListedMode {
  readonly mode: string;
  next: bigint | null;
  rate: number | null;
  isWarned: boolean;
  baseNext: bigint | null;
  baseAt: number;
}

export interface ModeQuery {
  /** Lists only modes whose name contains it. */
  readonly find: string;
  readonly sort: Order;
}

/** Knows the counters of all modes: from readings of the table, and from the commits of this process. */
export class ModeTable {
  #modes = new Map<string, ListedMode>();
  #list: readonly ListedMode[] | undefined;
  #isPartial = false;
  /** The next index of each mode at the last call of `noteCommits`. */
  #committed = new WeakMap<ModeTotals, bigint>();

  /** The modes in the order of the database; `undefined` until the table was read. */
  get list(): readonly ListedMode[] | undefined {
    return this.#list;
  }

  /** True if the database holds more modes than the list. */
  get isPartial(): boolean {
    return this.#isPartial;
  }

  get(mode: string): ListedMode | undefined {
    return this.#modes.get(mode);
  }

  /** Reads the table. @throws UniqueIDError (as a rejection) `DATABASE_*` */
  async read(store: Store): Promise<void> {
    const list: ListedMode[] = [];
    let after: string | undefined;
    for (;;) {
      const part = await store.counters({after, limit: CHUNK});
      const now = performance.now();
      for (const {mode, next = null} of part) list.push(this.#note(mode, next, now));
      after = part.at(-1)?.mode ?? after;
      if (part.length < CHUNK || list.length >= MAX_LISTED_MODES) break;
      await nextTurn();
    }
    this.#isPartial = list.length >= MAX_LISTED_MODES && (await store.counters({after, limit: 1})).length > 0;
    // Modes can vanish: an older database may have replaced this one.
    if (this.#modes.size > list.length) this.#modes = new Map(list.map((each) => [each.mode, each]));
    this.#list = list;
  }

  /** Takes the counters that this process has advanced since the last call. */
  noteCommits(modes: Iterable<[string, ModeTotals]>): void {
    const now = performance.now();
    for (const [mode, totals] of modes) {
      const {next} = totals;
      const isNew = this.#committed.get(totals) !== next;
      if (isNew) this.#committed.set(totals, next);
      const known = this.#modes.get(mode);
      if (isNew) this.#note(mode, next, now);
      else if (known !== undefined && known.rate !== 0) this.#note(mode, known.next, now);
    }
  }

  /** Forgets all modes. */
  clear(): void {
    this.#modes.clear();
    this.#committed = new WeakMap();
    this.#list = undefined;
  }

  /**
   * Returns the modes that a query lists, in its order; those that need an operator come first.
   *
   * @param isRegressed adds modes to those that need an operator
   */
  async find(
    {find, sort}: ModeQuery,
    isRegressed: (mode: string) => boolean,
  ): Promise<readonly ListedMode[]> {
    const warned: ListedMode[] = [];
    const others: ListedMode[] = [];
    const matches = find === '' ? () => true : nameFilter(find);
    for (const [index, each] of (this.#list ?? []).entries()) {
      if (index % CHUNK === CHUNK - 1) await nextTurn();
      if (matches(each)) (each.isWarned || isRegressed(each.mode) ? warned : others).push(each);
    }
    return [...order(warned, sort), ...order(others, sort)];
  }

  #note(mode: string, next: bigint | null, now: number): ListedMode {
    const known = this.#modes.get(mode);
    if (known === undefined) {
      const added = {mode, next, rate: null, isWarned: isWarned({next})};
      const listed = {...added, baseNext: next, baseAt: now};
      this.#modes.set(mode, listed);
      return listed;
    }
    if (known.next !== next) {
      known.next = next;
      known.isWarned = isWarned({next});
    }
    if (now - known.baseAt < MIN_RATE_MS) return known;
    known.rate = integersPerSecond(known.baseNext, next, now - known.baseAt) ?? null;
    known.baseNext = next;
    known.baseAt = now;
    return known;
  }
}

export function statusOf(mode: string, next: bigint | null): ModeStatus {
  return toModeStatus({mode, next: next ?? undefined});
}

/** Sorts the modes with a key, the highest first; the others keep the order of names behind them. */
function order(modes: ListedMode[], sort: Order): readonly ListedMode[] {
  if (sort === 'name') return modes;
  const keyOf = sort === 'rate' ? rateKey : usedKey;
  const keyed = modes.filter((each) => keyOf(each) > 0).map((each) => ({each, key: keyOf(each)}));
  const rest = modes.filter((each) => keyOf(each) <= 0);
  return [...keyed.sort((a, b) => b.key - a.key).map(({each}) => each), ...rest];
}

const rateKey = ({rate}: ListedMode): number => rate ?? 0;
const usedKey = ({next}: ListedMode): number => Number(next ?? 0n);
