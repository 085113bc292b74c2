import {setImmediate as nextTurn} from 'node:timers/promises';
import QuickLRU from 'quick-lru';
import {integersPerSecond, isWarned, nameFilter} from '../../operations/mode-list.js';
import type {Order} from '../../operations/orders.js';
import {toModeStatus, type ModeStatus} from '../../operations/database-status.js';
import type {Store} from '../../store/store.js';
import type {ModeTotals} from '../observability/mode-series.js';
import {CHUNK, sortInTurns} from './sort-in-turns.js';

/** The most modes that the page lists, as many as `uniqueid status --watch` lists. */
const MAX_LISTED_MODES = 100_000;

/** Searches whose results are kept; each takes less than a megabyte. */
const MAX_RESULTS = 8;

/** A result is used for this multiple of the time that the search took: searches take 2 % of the total. */
const SEARCH_PAUSE_FACTOR = 50;
const MIN_RESULT_MS = 500;
/** Ten seconds for 100,000 modes: on a busy machine a short search takes long, too. */
const MAX_RESULT_MS_PER_MODE = 0.1;

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
  /** When the counter was last seen. */
  notedAt: number;
  /** True if this process alone has moved the counter since the last reading. */
  isOurs: boolean;
}

/** The counter of a mode after commits of this process, and the integers that these issued. */
interface Committed {
  readonly next: bigint;
  readonly ids: number;
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
  /** The values of each mode at the last call of `noteCommits`. */
  #committed = new WeakMap<ModeTotals, Committed>();
  readonly #results = new QuickLRU<string, readonly ListedMode[]>({maxSize: MAX_RESULTS});

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
  async read(store: Pick<Store, 'counters'>): Promise<void> {
    const startedAt = performance.now();
    const list: ListedMode[] = [];
    let after: string | undefined;
    for (;;) {
      const askedAt = performance.now();
      const part = await store.counters({after, limit: CHUNK});
      for (const {mode, next = null} of part) list.push(this.#noteRead(mode, next, askedAt));
      after = part.at(-1)?.mode ?? after;
      if (part.length < CHUNK || list.length >= MAX_LISTED_MODES) break;
      await nextTurn();
    }
    this.#isPartial = list.length >= MAX_LISTED_MODES && (await store.counters({after, limit: 1})).length > 0;
    if (this.#modes.size > list.length) await this.#forgetVanished(startedAt);
    this.#list = list;
  }

  /** Modes can vanish: an older database may have replaced this one. */
  async #forgetVanished(readAt: number): Promise<void> {
    let count = 0;
    for (const [mode, {notedAt}] of this.#modes) {
      if (++count % CHUNK === 0) await nextTurn();
      if (notedAt < readAt) this.#modes.delete(mode);
    }
  }

  /** Takes the counters that this process has advanced since the last call. */
  noteCommits(modes: Iterable<[string, ModeTotals]>): void {
    const now = performance.now();
    for (const [mode, totals] of modes) {
      const {next, ids} = totals;
      const last = this.#committed.get(totals);
      const known = this.#modes.get(mode);
      if (last?.next !== next) {
        this.#committed.set(totals, {next, ids});
        // A reading has seen more already; only a reading shows that a counter was moved back.
        if (next < (known?.next ?? 0n)) continue;
        const isOurs = last !== undefined && next === last.next + BigInt(ids - last.ids);
        this.#note(mode, next, now).isOurs = isOurs;
      } else if (known?.isOurs === true && known.rate !== 0) this.#note(mode, known.next, now);
    }
  }

  /** Forgets all modes. */
  clear(): void {
    this.#modes.clear();
    this.#committed = new WeakMap();
    this.#list = undefined;
    this.#results.clear();
  }

  /**
   * Returns the modes that a query lists, in its order; those that need an operator come first. The pages of
   * one list share one search, and the order may be some seconds old if there are very many modes.
   *
   * @param isRegressed adds modes to those that need an operator
   */
  async find(
    {find, sort}: ModeQuery,
    isRegressed: (mode: string) => boolean,
  ): Promise<readonly ListedMode[]> {
    const key = JSON.stringify([find, sort]);
    const known = this.#results.get(key);
    if (known !== undefined) return known;
    const startedAt = performance.now();
    const found = await this.#search({find, sort}, isRegressed);
    const restMs = SEARCH_PAUSE_FACTOR * (performance.now() - startedAt);
    const maxAge = Math.max(MIN_RESULT_MS, Math.min(restMs, MAX_RESULT_MS_PER_MODE * this.#modes.size));
    this.#results.set(key, found, {maxAge});
    return found;
  }

  async #search(
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
    return (await order(warned, sort)).concat(await order(others, sort));
  }

  /** @param askedAt a reading may be older than a commit that was noted since then */
  #noteRead(mode: string, next: bigint | null, askedAt: number): ListedMode {
    const known = this.#modes.get(mode);
    if (known !== undefined && known.notedAt >= askedAt) return known;
    if (known !== undefined && known.next !== next) known.isOurs = false;
    return this.#note(mode, next, performance.now());
  }

  #note(mode: string, next: bigint | null, now: number): ListedMode {
    const known = this.#modes.get(mode);
    if (known === undefined) {
      const added = {mode, next, rate: null, isWarned: isWarned({next})};
      const listed = {...added, baseNext: next, baseAt: now, notedAt: now, isOurs: false};
      this.#modes.set(mode, listed);
      return listed;
    }
    known.notedAt = now;
    if (known.next !== next) {
      // Moved back: neither the distance nor the time since then counts.
      if (next === null || (known.next ?? next) > next) setBase(known, next, now).rate = null;
      known.next = next;
      known.isWarned = isWarned({next});
    }
    if (now - known.baseAt < MIN_RATE_MS) return known;
    known.rate = integersPerSecond(known.baseNext, next, now - known.baseAt) ?? null;
    return setBase(known, next, now);
  }
}

function setBase(listed: ListedMode, next: bigint | null, now: number): ListedMode {
  listed.baseNext = next;
  listed.baseAt = now;
  return listed;
}

export function statusOf(mode: string, next: bigint | null): ModeStatus {
  return toModeStatus({mode, next: next ?? undefined});
}

/** Sorts the modes by a key, the highest first. Those without one keep the order of names, at the end. */
async function order(modes: readonly ListedMode[], sort: Order): Promise<readonly ListedMode[]> {
  if (sort === 'name') return modes;
  return sortInTurns(modes, sort === 'rate' ? rateKey : usedKey);
}

const rateKey = ({rate}: ListedMode): number => rate ?? 0;
const usedKey = ({next}: ListedMode): number => Number(next ?? 0n);
