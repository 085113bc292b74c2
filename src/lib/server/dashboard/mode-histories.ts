import type {ModeTotals} from '../observability/mode-series.js';
import {HISTORY_SECONDS} from './samples.js';

/** Modes with a history of their own: less than a megabyte in all. */
const MAX_HISTORIES = 256;

/** A mode without a history takes the place of one that has issued nothing for this number of samples. */
const IDLE_SAMPLES = 60;

/** Samples per step of a sparkline. */
const SPARK_STEP = 30;

interface History {
  readonly mode: string;
  /** Integers per second, in a ring whose positions all histories share. */
  readonly rates: Float32Array;
  /** Its first sample; what was issued before is unknown. */
  readonly firstIndex: number;
  lastActive: number;
}

/** Keeps the rate of the modes in use over the last 15 minutes. */
export class ModeHistories {
  readonly #histories = new Map<string, History>();
  /** The number of samples so far. */
  #count = 0;
  /** True if a mode may have issued integers that no history holds. */
  #isIncomplete = false;

  /** Adds one sample. */
  sample(modes: Iterable<[string, ModeTotals]>, elapsedSeconds: number): void {
    const index = this.#count++;
    const position = index % HISTORY_SECONDS;
    for (const {rates} of this.#histories.values()) rates[position] = 0;
    for (const [mode, totals] of modes) {
      const issued = totals.ids - totals.sampledIds;
      if (issued === 0) continue;
      totals.sampledIds = totals.ids;
      const history = this.#histories.get(mode) ?? this.#add(mode, index, false);
      if (history === undefined) continue;
      history.rates[position] = issued / elapsedSeconds;
      history.lastActive = index;
    }
  }

  /**
   * Returns the last `count` rates, the oldest first; `null` for times that were not recorded. From now on
   * the mode is recorded, because a page shows its chart.
   */
  watch(mode: string, count: number): readonly (number | null)[] {
    const next = this.#count;
    const history =
      this.#histories.get(mode) ?? (this.#isIncomplete ? this.#add(mode, next, true) : undefined);
    if (history !== undefined) history.lastActive = Math.max(history.lastActive, next - 1);
    const first = Math.max(0, next - Math.min(count, HISTORY_SECONDS));
    return Array.from({length: next - first}, (_, offset) => {
      if (first + offset < (history?.firstIndex ?? 0)) return null;
      return history?.rates[(first + offset) % HISTORY_SECONDS] ?? 0;
    });
  }

  /** Returns the mean rate of each half minute; empty for a mode that issued nothing. */
  spark(mode: string): readonly number[] {
    const rates = this.#histories.get(mode)?.rates;
    if (rates === undefined) return [];
    // Steps begin at fixed samples, so that a step keeps its value once it is complete.
    const steps = Math.ceil(this.#count / SPARK_STEP);
    const first = Math.max(0, steps - HISTORY_SECONDS / SPARK_STEP);
    return Array.from({length: steps - first}, (_, step) => this.#mean(rates, (first + step) * SPARK_STEP));
  }

  #mean(rates: Float32Array, first: number): number {
    const [begin, end] = [
      Math.max(first, this.#count - HISTORY_SECONDS),
      Math.min(first + SPARK_STEP, this.#count),
    ];
    let sum = 0;
    for (let index = begin; index < end; index++) sum += rates[index % HISTORY_SECONDS] ?? 0;
    return Number((sum / Math.max(1, end - begin)).toPrecision(3));
  }

  /**
   * Adds a history in a free place or in that of the most idle mode.
   *
   * @param isWanted takes the place of a mode in use, too
   * @returns `undefined` if there is no such place
   */
  #add(mode: string, index: number, isWanted: boolean): History | undefined {
    let rates = new Float32Array(HISTORY_SECONDS);
    // Until a place was missing, a mode without a history has issued nothing.
    const wasComplete = !this.#isIncomplete;
    if (this.#histories.size >= MAX_HISTORIES) {
      const idle = this.#mostIdle();
      this.#isIncomplete = true;
      if (idle === undefined || (!isWanted && index - idle.lastActive < IDLE_SAMPLES)) return undefined;
      this.#histories.delete(idle.mode);
      rates = idle.rates.fill(0) as Float32Array<ArrayBuffer>;
    }
    const history = {mode, rates, firstIndex: wasComplete ? 0 : index, lastActive: index};
    this.#histories.set(mode, history);
    return history;
  }

  #mostIdle(): History | undefined {
    let found: History | undefined;
    for (const history of this.#histories.values())
      if (found === undefined || history.lastActive < found.lastActive) found = history;
    return found;
  }
}
