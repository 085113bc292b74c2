import {setTimeout as sleep} from 'node:timers/promises';
import {toUniqueIDError} from '../../core/errors.js';
import {epochOf} from '../../store/epochs.js';
import type {Counter, Lineage, Store} from '../../store/store.js';
import type {Behind} from '../marks/comparison.js';
import {isOfDatabase} from '../progress.js';
import type {RegressionGuard} from './regression-guard.js';

/** The time between two readings of the counters that other servers may have moved. */
const REFRESH_MS = 1000;

/** The longest wait for a comparison at the end. */
const STOP_TIMEOUT_MS = 500;

/** The most modes in one statement; MariaDB compares longer lists otherwise. */
const MODES_PER_STATEMENT = 500;

/**
 * Compares the high-water marks with the counters. Once a second, a running server also learns what other
 * servers have issued. Each of them can then raise a counter that went back.
 */
export class MarkWatch {
  readonly #store: Store;
  readonly #guard: RegressionGuard;
  readonly #firstIndex: bigint;
  #timer: NodeJS.Timeout | undefined;
  #refreshing: Promise<void> | undefined;
  #comparing: Promise<void> | undefined;
  /** The comparison that follows the one that runs. */
  #nextComparison: Promise<void> | undefined;
  /** The epoch of the database when all marks were last compared; -1 if that did not succeed. */
  #comparedEpoch = -1;
  /** Grows with each outage: counters that were read before may be those of another database. */
  #outages = 0;
  #isStopped = false;
  #last: {readonly lineage: Lineage; readonly instance: string} | undefined;

  constructor(store: Store, guard: RegressionGuard, firstIndex: bigint) {
    this.#store = store;
    this.#guard = guard;
    this.#firstIndex = firstIndex;
  }

  /** Compares all marks now, and refreshes them from now on. */
  start(): this {
    this.#guard.onVerdict = () => {
      void this.compareAll().catch(() => undefined);
    };
    this.#timer = setInterval(() => {
      this.#refreshing ??= this.#refresh()
        // A request that fails for the same reason reports it; the next turn tries again. The database may be
        // an older one then, in which other modes went back than those used last.
        .catch((error: unknown) => {
          if (!isOfDatabase(toUniqueIDError(error))) return;
          this.#outages++;
          this.#comparedEpoch = -1;
        })
        .finally(() => {
          this.#refreshing = undefined;
        });
    }, REFRESH_MS).unref();
    void this.#compareOnStart();
    return this;
  }

  /** Stops; waits briefly for a running comparison, but not for a database that does not answer. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#isStopped = true;
    await Promise.race([this.#untilIdle(), sleep(STOP_TIMEOUT_MS, undefined, {ref: false})]);
  }

  async #untilIdle(): Promise<void> {
    await this.#refreshing;
    await this.#nextComparison?.catch(() => undefined);
    await this.#comparing?.catch(() => undefined);
  }

  /**
   * Raises all counters below their marks, or forgets the marks if a reset moved the counters. Reads all
   * counters after the call: a comparison that runs may have read some from the database of before.
   */
  compareAll(): Promise<void> {
    if (this.#comparing === undefined) return this.#startComparison();
    this.#nextComparison ??= this.#comparing
      .catch(() => undefined)
      .then(() => {
        this.#nextComparison = undefined;
        return this.#isStopped ? undefined : (this.#comparing ?? this.#startComparison());
      });
    return this.#nextComparison;
  }

  #startComparison(): Promise<void> {
    this.#comparing = this.#compareAll().finally(() => {
      this.#comparing = undefined;
    });
    return this.#comparing;
  }

  async #compareOnStart(): Promise<void> {
    try {
      await this.#guard.prepare();
      await this.compareAll();
    } catch {
      // The first request tries again, and reports the failure.
    }
  }

  async #refresh(): Promise<void> {
    const {memory} = this.#guard;
    await this.#guard.prepare();
    memory.repair();
    this.#guard.reportProblem();
    const modes = this.#guard.marks.newest();
    const lineage = await this.#guard.readLineage();
    const isReplaced = this.#noteReplaced(lineage, await this.#store.identity());
    if (isReplaced || (await this.#learn(modes, lineage))) await this.compareAll();
    // After a reset or a failed comparison. One that runs is enough: if it is not, the next turn sees that.
    else if (lineage.epoch > this.#comparedEpoch) await (this.#comparing ?? this.compareAll());
    memory.flush();
  }

  /** Returns true if the database is another than a second ago, or an older state of it. */
  #noteReplaced(lineage: Lineage, instance: string): boolean {
    const {memory} = this.#guard;
    const last = this.#last;
    this.#last = {lineage, instance};
    if (!memory.isOf(lineage)) memory.start(lineage);
    return (
      last !== undefined &&
      (last.instance !== instance ||
        last.lineage.identity !== lineage.identity ||
        last.lineage.epoch > lineage.epoch)
    );
  }

  /**
   * Raises the marks of counters that other servers have moved on.
   *
   * @returns true if a counter went back since the last comparison
   */
  async #learn(modes: readonly string[], lineage: Lineage): Promise<boolean> {
    if (modes.length === 0) return false;
    const {memory, marks} = this.#guard;
    // Before the counters are read: they are of these epochs, or of later ones.
    const known = new Map(modes.map((mode) => [marks.keyOf(mode), marks.mark(mode)]));
    let hasRegressed = false;
    for (const {mode, next} of await this.#readCounters(modes)) {
      const mark = known.get(marks.keyOf(mode));
      if (mark === undefined || next === undefined) continue;
      if (next > mark.next) memory.record(mode, {epoch: Math.max(mark.epoch, epochOf(lineage, mode)), next});
      else if (next < mark.next && !this.#guard.isQuarantined(mode)) hasRegressed = true;
    }
    return hasRegressed;
  }

  /** Reads counters, without those of modes that the database cannot hold. */
  async #readCounters(modes: readonly string[]): Promise<readonly Counter[]> {
    const counters: Counter[] = [];
    await inParts(modes, async (part) => {
      counters.push(...(await this.#store.readCounters(part)));
    });
    return counters;
  }

  async #compareAll(): Promise<void> {
    const {memory, marks} = this.#guard;
    const outages = this.#outages;
    // If this fails, the next refresh compares all again.
    this.#comparedEpoch = -1;
    const lineage = await this.#guard.readLineage();
    memory.poll();
    const modes = Array.from(marks.entries(), ([mode]) => mode);
    for (let start = 0; start < modes.length; start += MODES_PER_STATEMENT) {
      const isCurrent = await this.#compare(modes.slice(start, start + MODES_PER_STATEMENT), lineage);
      memory.flush();
      // A reset came in between; the next refresh compares all again.
      if (!isCurrent) return;
    }
    if (outages === this.#outages) this.#comparedEpoch = lineage.epoch;
  }

  /** Compares some modes. A mode that the database cannot hold does not stop the others. */
  async #compare(modes: readonly string[], lineage: Lineage): Promise<boolean> {
    let isCurrent = true;
    await inParts(modes, async (part) => {
      isCurrent &&= await this.#mend(await this.#guard.compare(part, lineage), lineage);
    });
    return isCurrent;
  }

  /** Raises counters, or quarantines their modes. @returns false if a reset came in between */
  async #mend(behind: readonly Behind[], {epoch}: Lineage): Promise<boolean> {
    if (behind.length === 0) return true;
    if (this.#guard.policy === 'stop') {
      for (const {mode, found = 0n} of behind) this.#guard.quarantine(mode, found);
      return true;
    }
    const {marks} = this.#guard;
    const sorted = behind
      .map(({mode, mark, found}) => ({
        claim: {mode, count: 0n, minimum: marks.get(mode) ?? mark.next, mayCreate: true},
        found,
      }))
      .sort((a, b) => (a.claim.mode < b.claim.mode ? -1 : 1));
    const claims = sorted.map(({claim}) => claim);
    const results = await this.#store.advanceRaised(claims, this.#firstIndex, epoch);
    if (results === 'reset') return false;
    for (const [index, {claim, found = 0n}] of sorted.entries())
      if (results[index]?.kind === 'granted') this.#guard.noteRaised(claim.mode, found, claim.minimum);
    return true;
  }
}

/**
 * Does work with all modes at once, or with each half if one of them makes it fail. Skips a mode that fails
 * alone, because the database cannot hold it.
 *
 * @throws the error of the work if it is one of the whole database
 */
async function inParts(
  modes: readonly string[],
  work: (part: readonly string[]) => Promise<void>,
): Promise<void> {
  try {
    await work(modes);
  } catch (error) {
    if (isOfDatabase(toUniqueIDError(error))) throw error;
    if (modes.length <= 1) return;
    const middle = modes.length >> 1;
    await inParts(modes.slice(0, middle), work);
    await inParts(modes.slice(middle), work);
  }
}
