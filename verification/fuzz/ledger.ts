import {counterOf, counters} from './modes.js';

/** The ranges that one server has answered, by mode. */
export class Ledger {
  /** By mode: where each run begins and ends that is not yet joined to the first one. */
  readonly #runs = new Map<string, Map<number, number>>();
  /** By mode: the end of the run without a gap that begins where the counter began. */
  readonly #joined = new Map<string, number>();
  readonly #granted = new Map<string, number>();

  /** @returns what is wrong with this range; `undefined` for nothing */
  record(start: number, end: number): string | undefined {
    const counter = counterOf(start);
    if (counter === undefined || end < start) return `${start}..${end} is of no counter`;
    const {mode, begin} = counter;
    const runs = this.#runs.get(mode) ?? new Map<number, number>();
    this.#runs.set(mode, runs);
    let joined = this.#joined.get(mode) ?? begin;
    if (start < joined || runs.has(start)) return `${start}..${end} was given before`;
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
   * Compares everything with where the counters stand at the end.
   *
   * @returns what is wrong, and how many integers were taken for answers that nobody heard
   */
  close(final: ReadonlyMap<string, number>): {flaws: string[]; unheard: number} {
    const flaws: string[] = [];
    let unheard = 0;
    for (const {mode, begin} of counters) {
      let last = this.#joined.get(mode) ?? begin;
      for (const [start, end] of [...(this.#runs.get(mode) ?? [])].sort(([a], [b]) => a - b)) {
        if (start < last) flaws.push(`${mode}: ${start}..${end} overlaps what ends before ${last}`);
        last = Math.max(last, end + 1);
      }
      const next = final.get(mode) ?? Number.NaN;
      if (!(last <= next)) flaws.push(`${mode}: ${last - 1} was given, and the counter stands at ${next}`);
      unheard += next - begin - (this.#granted.get(mode) ?? 0);
    }
    return {flaws, unheard};
  }
}
