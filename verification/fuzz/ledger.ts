import {counterOf, counters} from './modes.js';

/** The ranges that one server has issued, by mode. */
export class Ledger {
  /** By mode: start and end of each run that is not yet joined to the first one. */
  readonly #runs = new Map<string, Map<number, number>>();
  /** By mode: one past the end of the run without a gap that begins at the counter's first value. */
  readonly #joined = new Map<string, number>();
  readonly #granted = new Map<string, number>();

  /** @returns the flaw of this range; `undefined` if it has none */
  record(start: number, end: number): string | undefined {
    const counter = counterOf(start);
    if (counter === undefined || end < start) return `${start}..${end} belongs to no counter`;
    const {mode, begin} = counter;
    const runs = this.#runs.get(mode) ?? new Map<number, number>();
    this.#runs.set(mode, runs);
    let joined = this.#joined.get(mode) ?? begin;
    if (start < joined || runs.has(start)) return `${start}..${end} was issued before`;
    runs.set(start, end);
    for (let next = runs.get(joined); next !== undefined; next = runs.get(joined)) {
      runs.delete(joined);
      joined = next + 1;
    }
    this.#joined.set(mode, joined);
    this.#granted.set(mode, (this.#granted.get(mode) ?? 0) + end - start + 1);
    return undefined;
  }

  /**
   * Compares all ranges with the final counters.
   *
   * @returns the flaws, and the count of integers in answers that no client received
   */
  close(final: ReadonlyMap<string, number>): {flaws: string[]; unheard: number} {
    const flaws: string[] = [];
    let unheard = 0;
    for (const {mode, begin} of counters) {
      let last = this.#joined.get(mode) ?? begin;
      for (const [start, end] of [...(this.#runs.get(mode) ?? [])].sort(([a], [b]) => a - b)) {
        if (start < last) flaws.push(`${mode}: ${start}..${end} overlaps a range that ends before ${last}`);
        last = Math.max(last, end + 1);
      }
      const next = final.get(mode) ?? Number.NaN;
      if (!(last <= next)) flaws.push(`${mode}: ${last - 1} was issued, but the counter is ${next}`);
      unheard += next - begin - (this.#granted.get(mode) ?? 0);
    }
    return {flaws, unheard};
  }
}
