import {queueFull} from '../../allocation/rejections.js';
import {collectDefaultMetrics, Counter, Gauge, Histogram, Registry} from 'prom-client';
import type {Allocator} from '../../allocation/allocator.js';
import type {AllocatorObserver} from '../../allocation/observer.js';
import type {UniqueIDError} from '../../core/errors.js';
import {version} from '../../util/version.js';
import {remainingShare, type HighestCounters} from './highest-counters.js';
import {addGuardMetrics} from './guard-metrics.js';
import {ModeSeriesTable, type ModeSeries, type ModeTotals} from './mode-series.js';
import {MAX_WAITING, SharedWork} from '../../util/shared-work.js';

/** The upper bounds of the buckets of durations. */
export const secondsBounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Totals since the start that the dashboard samples; each costs one addition per batch or rejection. */
export interface SampledTotals {
  integers: number;
  /** Requests for integers that were answered with an error. */
  rejected: number;
  batches: number;
  batchedRequests: number;
}

/** The metrics of one server, as `GET /metrics` shows them. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #modes = new ModeSeriesTable();
  readonly #renders = new SharedWork<string>(() => queueFull(MAX_WAITING));
  readonly #rejected: Counter<'reason'>;
  readonly totals: SampledTotals = {integers: 0, rejected: 0, batches: 0, batchedRequests: 0};
  readonly #latencies: Histogram;
  /** Records the events of the allocator. */
  readonly observer: AllocatorObserver;

  constructor(highest: HighestCounters) {
    const registers = [this.#registry];
    collectDefaultMetrics({register: this.#registry});
    new Gauge({
      name: 'uniqueid_build_info',
      help: 'Always 1; the labels hold the versions.',
      labelNames: ['version', 'node'],
      registers,
    }).set({version, node: process.version}, 1);
    this.#addModes(registers);
    new Gauge({
      name: 'uniqueid_smallest_remaining_share',
      help: 'Share of all integers left in the fullest mode of the database, from 0 to 1.',
      registers,
      collect() {
        const share = highest.smallestRemainingShare();
        this.remove();
        if (share !== undefined) this.set(share);
      },
    });
    this.#latencies = new Histogram({
      name: 'uniqueid_request_duration_seconds',
      help: 'Time that a request waited for its range.',
      buckets: secondsBounds,
      registers,
    });
    this.observer = this.#observer(highest, registers);
    this.#rejected = new Counter({
      name: 'uniqueid_rejected_requests_total',
      help: 'Requests answered with an error, by error code.',
      labelNames: ['reason'],
      registers,
    });
  }

  /** Adds the metrics that are read from the allocator on each scrape. */
  watch(allocator: Allocator): void {
    const registers = [this.#registry];
    new Gauge({
      name: 'uniqueid_queue_length',
      help: 'Requests waiting for the database.',
      registers,
      collect() {
        this.set(allocator.queueLength);
      },
    });
    addGuardMetrics(allocator.guard, registers);
  }

  /** Adds the metric of a server that keeps logs. */
  watchLogs(droppedLines: () => number): void {
    new Counter({
      name: 'uniqueid_log_lines_dropped_total',
      help: 'Log lines dropped because the disk was full, the pipe closed or the reader too slow.',
      registers: [this.#registry],
      collect() {
        this.reset();
        this.inc(droppedLines());
      },
    });
  }

  rejected({code}: UniqueIDError): void {
    this.#rejected.inc({reason: code});
  }

  /** The totals of each mode. */
  get modes(): Iterable<[string, ModeTotals]> {
    return this.#modes.counted;
  }

  /** Returns the requests since the start by the time they waited: per bucket, the last above all bounds. */
  async latencyCounts(): Promise<readonly number[]> {
    const {name, values} = await this.#latencies.get();
    const cumulative = values
      .filter(({metricName}) => metricName === `${name}_bucket`)
      .map(({value}) => value);
    return cumulative.map((count, bucket) => count - (cumulative[bucket - 1] ?? 0));
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#renders.run('', () => {
      // One update per scrape, so that all metrics list the same modes.
      this.#modes.update();
      return this.#registry.metrics();
    });
  }

  #observer(highest: HighestCounters, registers: Registry[]): AllocatorObserver {
    const {groupSize, commits, errors, retries} = commitMetrics(registers);
    const {totals: sums} = this;
    const latencies = this.#latencies;
    return {
      group: (size, durationSeconds) => {
        sums.batches++;
        sums.batchedRequests += size;
        groupSize.observe(size);
        commits.observe(durationSeconds);
      },
      granted: (mode, count, taken, next) => {
        const totals = this.#modes.getOrAdd(mode);
        totals.allocations += count;
        const ids = Number(taken);
        totals.ids += ids;
        totals.next = next;
        sums.integers += ids;
        highest.note(next);
      },
      waited: (durationSeconds) => {
        latencies.observe(durationSeconds);
      },
      failed: ({code, transient}) => {
        errors.inc({code});
        if (transient) retries.inc();
      },
    };
  }

  /** Adds the metrics with one series per mode. */
  #addModes(registers: Registry[]): void {
    new Counter({
      name: 'uniqueid_allocations_total',
      help: 'Ranges allocated, by mode.',
      labelNames: ['mode'],
      registers,
      collect: this.#total(({allocations}) => allocations),
    });
    new Counter({
      name: 'uniqueid_ids_total',
      help: 'Integers issued, by mode.',
      labelNames: ['mode'],
      registers,
      collect: this.#total(({ids}) => ids),
    });
    new Gauge({
      name: 'uniqueid_next_index',
      help: 'Next integer of a mode, rounded to the precision of a double.',
      labelNames: ['mode'],
      registers,
      collect: this.#eachMode((next) => Number(next)),
    });
    new Gauge({
      name: 'uniqueid_remaining_share',
      help: 'Share of all integers left in a mode, from 0 to 1.',
      labelNames: ['mode'],
      registers,
      collect: this.#eachMode(remainingShare),
    });
    const modes = this.#modes;
    new Gauge({
      name: 'uniqueid_modes_without_series',
      help: 'Modes counted as (others): only the most used modes get a series of their own.',
      registers,
      collect() {
        this.set(modes.unlistedModes);
      },
    });
  }

  /** Sets the totals on each scrape, so that a request costs only two additions. */
  #total(value: (series: ModeSeries) => number): (this: Counter<'mode'>) => void {
    const modes = this.#modes;
    return function () {
      this.reset();
      for (const series of modes.series) this.inc({mode: series.mode}, value(series));
    };
  }

  #eachMode(value: (next: bigint) => number): (this: Gauge<'mode'>) => void {
    const modes = this.#modes;
    return function () {
      this.reset();
      for (const {mode, next} of modes.series) if (next !== undefined) this.set({mode}, value(next));
    };
  }
}

function commitMetrics(registers: Registry[]): {
  groupSize: Histogram;
  commits: Histogram;
  errors: Counter<'code'>;
  retries: Counter;
} {
  const groupSize = new Histogram({
    name: 'uniqueid_group_size',
    help: 'Requests per commit.',
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024],
    registers,
  });
  const commits = new Histogram({
    name: 'uniqueid_commit_duration_seconds',
    help: 'Time that the database took for one batch.',
    buckets: secondsBounds,
    registers,
  });
  const errors = new Counter({
    name: 'uniqueid_database_errors_total',
    help: 'Batches that the database rejected, by error code.',
    labelNames: ['code'],
    registers,
  });
  const retries = new Counter({
    name: 'uniqueid_database_retries_total',
    help: 'Batches retried after a transient error.',
    registers,
  });
  return {groupSize, commits, errors, retries};
}
