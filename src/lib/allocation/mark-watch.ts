import {setTimeout as sleep} from 'node:timers/promises';
import type {Counter, Lineage, Store} from '../store/store.js';
import {withIdentity, type RegressionGuard} from './regression-guard.js';

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
        // A request that fails for the same reason reports it; the next turn tries again.
        .catch(() => undefined)
        .finally(() => {
          this.#refreshing = undefined;
        });
    }, REFRESH_MS).unref();
    void this.#startComparing();
    return this;
  }

  /** Stops; waits briefly for a running comparison, but not for a database that does not answer. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.race([this.#untilIdle(), sleep(STOP_TIMEOUT_MS, undefined, {ref: false})]);
  }

  async #untilIdle(): Promise<void> {
    await this.#refreshing;
    await this.#comparing?.catch(() => undefined);
  }

  /** Raises all counters below their marks, or forgets the marks if a reset moved the counters. */
  compareAll(): Promise<void> {
    this.#comparing ??= this.#compareAll().finally(() => {
      this.#comparing = undefined;
    });
    return this.#comparing;
  }

  async #startComparing(): Promise<void> {
    try {
      await this.#guard.prepare();
      await this.compareAll();
    } catch {
      // The first request tries again, and reports the failure.
    }
  }

  async #refresh(): Promise<void> {
    const {memory, marks} = this.#guard;
    await this.#guard.prepare();
    memory.repair();
    this.#guard.reportProblem();
    memory.poll();
    const epoch = memory.knownEpoch;
    const known = marks.newest();
    const counters = known.size === 0 ? [] : await this.#store.readCounters([...known.keys()]);
    // Read after the counters: if no reset is known by now, none of them is from before a reset.
    const lineage = await this.#readLineage();
    const instance = await this.#store.identity();
    memory.poll();
    const isReplaced = this.#noteReplaced(lineage, instance);
    const hasRegressed = counters.some(({mode, next = 0n}) => next < (known.get(mode) ?? 0n));
    if (isReplaced || hasRegressed || lineage.epoch > memory.knownEpoch) await this.compareAll();
    else this.#learn(counters, epoch);
    memory.flush();
  }

  /** Reads the lineage; a user who may not write an identity does not try again each second. */
  async #readLineage(): Promise<Lineage> {
    const lineage = await this.#store.lineage();
    const isKnown = lineage.identity !== undefined || this.#guard.memory.isOf(lineage);
    return isKnown ? lineage : withIdentity(this.#store);
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

  /** Raises the marks of counters that other servers have moved on. */
  #learn(counters: readonly Counter[], epoch: number): void {
    const {memory, marks} = this.#guard;
    for (const {mode, next = 0n} of counters) {
      const mark = marks.get(mode);
      if (mark === undefined || mark >= next || memory.resetEpoch(mode) > epoch) continue;
      marks.set(mode, next);
      memory.record(mode, next);
    }
  }

  async #compareAll(): Promise<void> {
    const {memory, marks} = this.#guard;
    const {epoch} = await this.#readLineage();
    memory.poll();
    const isOnPurpose = epoch > memory.knownEpoch;
    const modes = Array.from(marks.entries(), ([mode]) => mode);
    for (let start = 0; start < modes.length; start += MODES_PER_STATEMENT) {
      const regressed = await this.#findRegressed(modes.slice(start, start + MODES_PER_STATEMENT));
      if (isOnPurpose)
        for (const {mode, next} of regressed) if (next !== undefined) this.#guard.forget(mode, next, epoch);
      if (!isOnPurpose || regressed.some(({next}) => next === undefined))
        await this.#mend(isOnPurpose ? regressed.filter(({next}) => next === undefined) : regressed, epoch);
      memory.flush();
    }
    memory.recordEpoch(epoch);
    memory.flush();
  }

  /** Returns the counters below their marks; those of missing modes are `undefined`. */
  async #findRegressed(modes: readonly string[]): Promise<readonly Regressed[]> {
    const {memory, marks} = this.#guard;
    const {raises} = memory;
    // Before the counters are read: a later mark may be of an integer that was allocated after the reading.
    const known = new Map(modes.map((mode) => [mode, marks.get(mode)]));
    const counters = new Map(
      (await this.#store.readCounters(modes)).map(({mode, next}) => [mode, next ?? 0n]),
    );
    const regressed: Regressed[] = [];
    for (const [mode, mark = 0n] of known) {
      // A table that ignores case may store the mode under another spelling.
      const next = counters.get(mode) ?? (await this.#store.counter(mode))?.next;
      if (mark > (next ?? 0n) || (mark > 0n && next === undefined)) regressed.push({mode, mark, next});
    }
    // A second raise of a mode that a request raises now would cost the range of that request.
    return regressed.filter(({mode}) => !memory.wasRaisedSince(mode, raises));
  }

  async #mend(regressed: readonly Regressed[], epoch: number): Promise<void> {
    if (regressed.length === 0) return;
    if (this.#guard.policy === 'stop') {
      for (const {mode, next = 0n} of regressed) this.#guard.quarantine(mode, next);
      return;
    }
    const {memory, marks} = this.#guard;
    memory.announceRaises(regressed.map(({mode}) => mode));
    const claims = regressed.map(({mode, mark}) => {
      const known = marks.get(mode) ?? 0n;
      return {mode, count: 0n, minimum: known > mark ? known : mark, mayCreate: true};
    });
    const sorted = claims.sort((a, b) => (a.mode < b.mode ? -1 : 1));
    const results = await this.#store.advanceRaised(sorted, this.#firstIndex, epoch);
    // The next comparison sees the new epoch.
    if (results === 'reset') return;
    for (const [index, {mode, minimum}] of sorted.entries()) {
      const found = regressed.find((each) => each.mode === mode)?.next;
      if (results[index]?.kind === 'granted') this.#guard.noteRaised(mode, found ?? 0n, minimum);
    }
  }
}

interface Regressed {
  readonly mode: string;
  readonly mark: bigint;
  readonly next: bigint | undefined;
}
