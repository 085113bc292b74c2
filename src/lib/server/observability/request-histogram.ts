import type {Histogram, Registry} from 'prom-client';

/** How the histogram is exposed. */
interface Description {
  readonly name: string;
  readonly help: string;
  /** The upper bounds of the buckets, in ascending order. */
  readonly bounds: readonly number[];
}

/**
 * A histogram without labels, cheap enough for every request. The histogram of prom-client makes a closure,
 * two objects and a hash of the labels per observation. That is a few per cent of the cost of a request.
 */
export class RequestHistogram {
  // The fields that a registry of prom-client reads.
  readonly name: string;
  readonly help: string;
  readonly type = 'histogram';
  readonly aggregator = 'sum';
  readonly #bounds: readonly number[];
  /** Not cumulative: one count per bound, and one for values above all bounds. */
  readonly #counts: number[];
  #sum = 0;

  constructor({name, help, bounds}: Description, registry: Registry) {
    this.name = name;
    this.help = help;
    this.#bounds = bounds;
    this.#counts = [...bounds.map(() => 0), 0];
    // `registerMetric` is typed with the class, but uses only these members.
    registry.registerMetric(this as unknown as Histogram);
  }

  /** The upper bounds of the buckets. */
  get bounds(): readonly number[] {
    return this.#bounds;
  }

  /** The count of values per bucket since the start, not cumulative. */
  get counts(): readonly number[] {
    return this.#counts;
  }

  observe(value: number): void {
    let bucket = 0;
    for (const bound of this.#bounds) {
      if (value <= bound) break;
      bucket++;
    }
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += value;
  }

  /** Returns cumulative buckets (https://prometheus.io/docs/concepts/metric_types/#histogram). */
  get(): Promise<unknown> {
    const {name, help, type, aggregator} = this;
    let count = 0;
    const buckets = this.#counts.map((each, bucket) => {
      count += each;
      return {metricName: `${name}_bucket`, labels: {le: this.#bounds[bucket] ?? '+Inf'}, value: count};
    });
    const values = [
      ...buckets,
      {metricName: `${name}_sum`, labels: {}, value: this.#sum},
      {metricName: `${name}_count`, labels: {}, value: count},
    ];
    return Promise.resolve({name, help, type, aggregator, values});
  }

  /** Required of a metric by the registry. */
  reset(): void {
    this.#counts.fill(0);
    this.#sum = 0;
  }
}
