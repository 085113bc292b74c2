import {randomUUID} from 'node:crypto';
import {queueFull} from '../../allocation/rejections.js';
import {readStatus, type DatabaseStatus} from '../../operations/database-status.js';
import {statusDocument} from '../../operations/status-document.js';
import type {Store} from '../../store/store.js';
import {MAX_WAITING, SharedWork} from '../../util/shared-work.js';
import {version} from '../../util/version.js';
import type {HighestCounters} from '../observability/highest-counters.js';
import type {Metrics} from '../observability/metrics.js';
import type {DashboardDocument} from './document.js';
import {ModeHistories} from './mode-histories.js';
import {modePage, modeHistory} from './mode-rows.js';
import {ModeTable} from './mode-table.js';
import type {DashboardQuery} from './query.js';
import {Samples} from './samples.js';
import {VerdictWatch, type VerdictDeps} from './verdict.js';

const SAMPLE_MS = 1000;

/** The database is read and checked for this time after the last request of a page. */
const WATCH_MS = 10_000;

/** Modes stay in memory for this time after it. */
const KEEP_MODES_MS = 60_000;

/** Facts about the database change rarely. */
const FACTS_TTL_MS = 5000;

/** Pause after each reading of the table, as a multiple of its time: reading takes 2 % of the total. */
const READ_PAUSE_FACTOR = 50;
const MAX_READ_PAUSE_MS = 30_000;

/** The first answer waits for the database no longer than this. */
const FIRST_READ_TIMEOUT_MS = 2500;

/** The answers of one sample that are kept: pages that ask the same share one. */
const MAX_ANSWERS = 100;

export interface DashboardDeps extends VerdictDeps {
  readonly store: Store;
  readonly metrics: Metrics;
  readonly highest: HighestCounters;
}

/**
 * Samples the service once per second, whatever the number of open pages. Without an open page a sample only
 * reads counts that the service keeps anyway. With one, the database is read too.
 */
export class Dashboard {
  readonly #deps: DashboardDeps;
  readonly #instance = randomUUID();
  readonly #samples: Samples;
  readonly #histories = new ModeHistories();
  readonly #table = new ModeTable();
  readonly #verdict: VerdictWatch;
  readonly #answers = new Map<string, Promise<string>>();
  readonly #work = new SharedWork<string>(() => queueFull(MAX_WAITING));
  readonly #timer: NodeJS.Timeout;
  #askedAt = -Infinity;
  #status: DatabaseStatus | undefined;
  #factsAt = -Infinity;
  #reading: Promise<void> | undefined;
  #nextReadAt = -Infinity;
  #readCostMs = Infinity;
  /** Counts the open connections; `undefined` in an embedded service. */
  #countConnections: (() => Promise<number>) | undefined;
  #connections: number | null = null;

  constructor(deps: DashboardDeps) {
    this.#deps = deps;
    this.#samples = new Samples(deps.metrics);
    this.#verdict = new VerdictWatch(deps);
    void this.#sample();
    this.#timer = setInterval(() => {
      void this.#sample();
    }, SAMPLE_MS).unref();
  }

  watchConnections(count: () => Promise<number>): void {
    this.#countConnections = count;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /**
   * Returns the document as text; all pages that ask for the same within one second share it.
   *
   * @param form names what `toText` makes of the document
   */
  async answer(
    asked: DashboardQuery,
    form: 'html' | 'json',
    toText: (document: DashboardDocument) => string,
  ): Promise<string> {
    await this.#watch();
    // The samples of another process say nothing about which of ours a page has.
    const isOurs = asked.instance === undefined || asked.instance === this.#instance;
    const query = {...asked, instance: undefined, since: isOurs ? asked.since : 0};
    const key = JSON.stringify([form, query]);
    const known = this.#answers.get(key);
    if (known !== undefined) return known;
    if (this.#answers.size >= MAX_ANSWERS) this.#answers.clear();
    const answer = this.#work.run(key, async () => toText(await this.#document(query)));
    this.#answers.set(key, answer);
    // A rejection is not for those who ask later.
    answer.catch(() => this.#answers.delete(key));
    return answer;
  }

  /** Notes that a page is open, and waits for the first reading of the database. */
  async #watch(): Promise<void> {
    const isFirst = !this.#isWatched();
    this.#askedAt = performance.now();
    if (isFirst) {
      this.#table.noteCommits(this.#deps.metrics.modes);
      this.#refresh();
    }
    if (isFirst || this.#table.list === undefined) {
      const first = Promise.allSettled([this.#verdict.check(), this.#reading]);
      await Promise.race([first, timeout(FIRST_READ_TIMEOUT_MS)]);
    }
  }

  #isWatched(): boolean {
    return performance.now() - this.#askedAt < WATCH_MS;
  }

  async #sample(): Promise<void> {
    const {allocator, metrics} = this.#deps;
    const seconds = await this.#samples.add(allocator.queueLength);
    this.#histories.sample(metrics.modes, seconds);
    this.#verdict.noteFailures();
    this.#answers.clear();
    if (this.#isWatched()) {
      this.#table.noteCommits(metrics.modes);
      this.#refresh();
    } else if (performance.now() - this.#askedAt > KEEP_MODES_MS) this.#table.clear();
  }

  /** Starts to check the health and to read the database, unless the last time is too recent. */
  #refresh(): void {
    void this.#verdict.check();
    void this.#countConnections?.().then((count) => (this.#connections = count));
    if (performance.now() < this.#nextReadAt) return;
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
  }

  /** Reads the database. After a failure the last values stay; the verdict has the reason. */
  async #read(): Promise<void> {
    const {store, highest} = this.#deps;
    const startedAt = performance.now();
    try {
      if (startedAt - this.#factsAt >= FACTS_TTL_MS) {
        this.#status = await readStatus(store, {modes: [], limit: 0}, () => highest.read());
        this.#factsAt = startedAt;
      }
      await this.#table.read(store);
    } catch {
      this.#factsAt = -Infinity;
      return;
    }
    // A reading that takes far longer than the last one has mostly waited: after a hang readings go on.
    this.#readCostMs = Math.min(performance.now() - startedAt, 2 * this.#readCostMs);
    const pauseMs = Math.min(READ_PAUSE_FACTOR * this.#readCostMs, MAX_READ_PAUSE_MS);
    this.#nextReadAt = performance.now() + pauseMs;
  }

  async #document(query: DashboardQuery): Promise<DashboardDocument> {
    const {allocator, maxQueue, errors} = this.#deps;
    const status = this.#status === undefined ? undefined : statusDocument(this.#status, version, {});
    const queue = allocator.queueLength;
    const rowDeps = {table: this.#table, histories: this.#histories, guard: allocator.guard};
    return {
      version,
      now: this.#samples.lastAt,
      service: {
        instance: this.#instance,
        uptimeSeconds: Math.floor(process.uptime()),
        connections: this.#connections,
        queue,
        maxQueue,
      },
      verdict: this.#verdict.document(status?.database.warnings ?? [], queue),
      database: status?.database ?? null,
      schema: status?.schema ?? null,
      samples: this.#samples.after(query.since),
      modes: await modePage(query, rowDeps),
      mode: modeHistory(query.mode, this.#samples.after(query.since), rowDeps),
      errors: errors.summaries(),
    };
  }
}

function timeout(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds).unref();
  });
}
