import type {Histogram, Registry} from 'prom-client';

/** How it is shown. */
interface Description {
  readonly name: string;
  readonly help: string;
  /** The upper bounds of the buckets, from the lowest to the highest. */
  readonly bounds: readonly number[];
}

/**
 * A histogram without labels that is told of every request: prom-client's own makes a closure, two objects and a hash
 * of the labels for each observation, a few per cent of what a request costs.
 */
export class RequestHistogram {
  // What a registry of prom-client reads of a metric.
  readonly name: string;
  readonly help: string;
  readonly type = 'histogram';
  readonly aggregator = 'sum';
  readonly #bounds: readonly number[];
  /** One for each bound, not cumulative, and one for what is above them all. */
  readonly #counts: number[];
  #sum = 0;

  constructor({name, help, bounds}: Description, registry: Registry) {
    this.name = name;
    this.help = help;
    this.#bounds = bounds;
    this.#counts = [...bounds.map(() => 0), 0];
    // Its type names a class, but this is all it asks of one.
    registry.registerMetric(this as unknown as Histogram);
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

  /** In the form of https://prometheus.io/docs/concepts/metric_types/#histogram, where each bucket holds those below it. */
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

  /** Part of what a registry may ask for. */
  reset(): void {
    this.#counts.fill(0);
    this.#sum = 0;
  }
}
