/** Modes with a series of their own: clients that invent modes must not flood Prometheus. */
const MAX_LISTED = 100;

/** Modes that are counted, listed or not; beyond this the least used are forgotten. */
const MAX_COUNTED = 10_000;

/** The label of the series that sums all unlisted modes. */
export const OTHERS = '(others)';

/** Ranges and integers issued in one mode since its counting began. */
export interface ModeTotals {
  allocations: number;
  ids: number;
  next: bigint;
  /** The part of `ids` that the sampler of the dashboard has seen. */
  sampledIds: number;
}

/** Totals as a counter shows them: they only grow. */
interface Totals {
  allocations: number;
  ids: number;
}

interface CountedMode extends ModeTotals {
  /** The part of `allocations` and `ids` that is already in a series, its own or `OTHERS`. */
  readonly settled: Totals;
  /** The values of its own series, current or last. */
  readonly shown: Totals;
  isListed: boolean;
}

/** One series of a mode; `OTHERS` has no next index. */
export interface ModeSeries extends Readonly<Totals> {
  readonly mode: string;
  readonly next: bigint | undefined;
}

/**
 * Chooses the modes with series of their own: those with the most requests. A series counts only what is
 * issued while its mode is listed, and `OTHERS` counts the rest. So neither goes backwards when a mode
 * moves between them.
 */
export class ModeSeriesTable {
  readonly #modes = new Map<string, CountedMode>();
  readonly #others: Totals = {allocations: 0, ids: 0};
  #hasOthers = false;
  #unlistedModes = 0;
  #series: readonly ModeSeries[] = [];

  /** Returns the record to add to; valid until the next call. */
  getOrAdd(mode: string): ModeTotals {
    const known = this.#modes.get(mode);
    if (known !== undefined) return known;
    if (this.#modes.size >= MAX_COUNTED) this.#forgetHalf();
    const counted = {
      allocations: 0,
      ids: 0,
      next: 0n,
      sampledIds: 0,
      settled: {allocations: 0, ids: 0},
      shown: {allocations: 0, ids: 0},
      isListed: false,
    };
    this.#modes.set(mode, counted);
    return counted;
  }

  /** All counted modes, listed or not. */
  get counted(): Iterable<[string, ModeTotals]> {
    return this.#modes;
  }

  /** The series as of the last `update`. */
  get series(): readonly ModeSeries[] {
    return this.#series;
  }

  /** The number of modes without a series of their own at the last `update`. */
  get unlistedModes(): number {
    return this.#unlistedModes;
  }

  /** Chooses the listed modes again, and adds the counts since the last call to the series. */
  update(): void {
    const series: ModeSeries[] = [];
    for (const [index, [mode, counted]] of this.#byUse().entries()) {
      // A mode named like `OTHERS` must not pass for the sum.
      counted.isListed = index < MAX_LISTED && mode !== OTHERS;
      this.#settle(counted);
      if (counted.isListed) series.push({mode, ...counted.shown, next: counted.next});
    }
    this.#unlistedModes = this.#modes.size - series.length;
    if (this.#hasOthers) series.push({mode: OTHERS, ...this.#others, next: undefined});
    this.#series = series;
  }

  /** Sorts by use, highest first; if two are equal, a listed mode keeps its place. */
  #byUse(): [string, CountedMode][] {
    return [...this.#modes].sort(
      ([, a], [, b]) => b.allocations - a.allocations || Number(b.isListed) - Number(a.isListed),
    );
  }

  #settle(counted: CountedMode): void {
    const {allocations, ids, settled, isListed} = counted;
    const target = isListed ? counted.shown : this.#others;
    target.allocations += allocations - settled.allocations;
    target.ids += ids - settled.ids;
    Object.assign(settled, {allocations, ids});
    if (!isListed) this.#hasOthers = true;
  }

  /**
   * Makes room. Invented modes have one request each, so modes that are used again stay.
   * A series that returns after it was forgotten begins at 0, as after a restart.
   */
  #forgetHalf(): void {
    for (const [mode, counted] of this.#byUse().slice(MAX_COUNTED / 2)) {
      counted.isListed = false;
      this.#settle(counted);
      this.#modes.delete(mode);
    }
  }
}
