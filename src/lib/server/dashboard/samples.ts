import {secondsBounds, type Metrics, type SampledTotals} from '../observability/metrics.js';
import type {Sample} from './document.js';
import {quantileOf} from './quantile.js';

/** The time that the page shows: 15 minutes, one sample per second. */
export const HISTORY_SECONDS = 900;

interface Readings extends Readonly<SampledTotals> {
  readonly at: number;
  readonly latencies: readonly number[];
}

/** Keeps the samples of the last 15 minutes, from totals that the service counts anyway. */
export class Samples {
  readonly #metrics: Metrics;
  readonly #samples: Sample[] = [];
  #last: Readings;

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
    this.#last = this.#totals([]);
  }

  /** @returns the seconds since the last sample */
  async add(queueLength: number): Promise<number> {
    const before = this.#last;
    const after = this.#totals(await this.#metrics.latencyCounts());
    this.#last = after;
    const seconds = Math.max(0.001, (after.at - before.at) / 1000);
    const counts = after.latencies.map((count, bucket) => count - (before.latencies[bucket] ?? 0));
    const requests = counts.reduce((sum, count) => sum + count, 0);
    const batches = after.batches - before.batches;
    const perSecond = (count: number): number => round(count / seconds);
    const latency = (share: number): number | null => {
      const found = quantileOf(share, secondsBounds, counts);
      return found === undefined ? null : round(found * 1000);
    };
    this.#samples.push([
      Date.now(),
      perSecond(after.integers - before.integers),
      perSecond(requests),
      perSecond(after.rejected - before.rejected),
      latency(0.5),
      latency(0.99),
      batches === 0 ? null : round((after.batchedRequests - before.batchedRequests) / batches),
      queueLength,
    ]);
    if (this.#samples.length > HISTORY_SECONDS) this.#samples.shift();
    return seconds;
  }

  /** The time of the last sample, in milliseconds since 1970. */
  get lastAt(): number {
    return this.#samples.at(-1)?.[0] ?? 0;
  }

  /** Returns the samples after a time, the oldest first; all if the clock was set back since. */
  after(time: number): readonly Sample[] {
    if (time > this.lastAt) return [...this.#samples];
    const first = this.#samples.findLastIndex(([at]) => at <= time) + 1;
    return this.#samples.slice(first);
  }

  #totals(latencies: readonly number[]): Readings {
    return {at: performance.now(), ...this.#metrics.totals, latencies};
  }
}

/** Keeps four digits: a page has no room for more, and the answers get shorter. */
function round(value: number): number {
  return Number(value.toPrecision(4));
}
