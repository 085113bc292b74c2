/** So many modes have series of their own: a stranger's modes must not fill a Prometheus. */
const MAX_LISTED = 100;

/** So many are counted, listed or not; then those used least are forgotten. */
const MAX_COUNTED = 10_000;

/** The series of all modes that have none of their own. */
export const OTHERS = '(others)';

/** What was handed out of one mode since it is counted. */
export interface ModeUse {
  allocations: number;
  ids: number;
  next: bigint;
}

/** Totals as a counter shows them: they only grow. */
interface Totals {
  allocations: number;
  ids: number;
}

interface CountedMode extends ModeUse {
  /** How much of `allocations` and `ids` is in a series already, its own or that of the others. */
  readonly settled: Totals;
  /** What its own series shows, or showed last. */
  readonly shown: Totals;
  isListed: boolean;
}

/** One series of a mode; the others have no next index. */
export interface ModeSeries extends Readonly<Totals> {
  readonly mode: string;
  readonly next: bigint | undefined;
}

/**
 * Chooses the modes with series of their own: those that most requests asked for. A series counts only what is handed
 * out while its mode is listed, and the others count the rest, so neither goes backwards when a mode changes sides.
 */
export class ModeSeriesTable {
  readonly #modes = new Map<string, CountedMode>();
  readonly #others: Totals = {allocations: 0, ids: 0};
  #hasOthers = false;
  #unlistedModes = 0;
  #series: readonly ModeSeries[] = [];

  /** Returns what to add to; valid until the next call. */
  use(mode: string): ModeUse {
    const known = this.#modes.get(mode);
    if (known !== undefined) return known;
    if (this.#modes.size >= MAX_COUNTED) this.#forgetHalf();
    const counted = {
      allocations: 0,
      ids: 0,
      next: 0n,
      settled: {allocations: 0, ids: 0},
      shown: {allocations: 0, ids: 0},
      isListed: false,
    };
    this.#modes.set(mode, counted);
    return counted;
  }

  /** The series as of the last `update`. */
  get series(): readonly ModeSeries[] {
    return this.#series;
  }

  /** The modes that were counted then and have no series of their own. */
  get unlistedModes(): number {
    return this.#unlistedModes;
  }

  /** Chooses anew, and moves what was counted since the last time into the series. */
  update(): void {
    const series: ModeSeries[] = [];
    for (const [index, [mode, counted]] of this.#byUse().entries()) {
      // A mode of that name must not be taken for all the others.
      counted.isListed = index < MAX_LISTED && mode !== OTHERS;
      this.#settle(counted);
      if (counted.isListed) series.push({mode, ...counted.shown, next: counted.next});
    }
    this.#unlistedModes = this.#modes.size - series.length;
    if (this.#hasOthers) series.push({mode: OTHERS, ...this.#others, next: undefined});
    this.#series = series;
  }

  /** Those used most in front; a mode that is listed stays so until another is used more. */
  #byUse(): [string, CountedMode][] {
    return [...this.#modes].sort(
      ([, one], [, two]) => two.allocations - one.allocations || Number(two.isListed) - Number(one.isListed),
    );
  }

  #settle(counted: CountedMode): void {
    const {allocations, ids, settled, isListed} = counted;
    const into = isListed ? counted.shown : this.#others;
    into.allocations += allocations - settled.allocations;
    into.ids += ids - settled.ids;
    Object.assign(settled, {allocations, ids});
    if (!isListed) this.#hasOthers = true;
  }

  /**
   * Makes room. New modes of a stranger have one request each, so whatever is used again stays. A series that comes back
   * after it was forgotten begins at 0, like that of a service that has started anew.
   */
  #forgetHalf(): void {
    for (const [mode, counted] of this.#byUse().slice(MAX_COUNTED / 2)) {
      counted.isListed = false;
      this.#settle(counted);
      this.#modes.delete(mode);
    }
  }
}
