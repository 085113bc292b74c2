import type {UniqueIDError} from '../../core/errors.js';
import {epochOf} from '../../store/epochs.js';
import type {Lineage, Store} from '../../store/store.js';
import {HighWaterMarks, type Mark} from '../marks/high-water-marks.js';
import {compareMarks, type Behind} from '../marks/comparison.js';
import {withIdentity} from '../memory/identity.js';
import {MarkMemory} from '../memory/memory.js';
import type {MarksFile} from '../memory/marks-file.js';
import {exactKey, keysOf} from '../marks/spelling.js';
import {RaisedModes} from './raised-modes.js';
import {forgottenText, guardFileProblem, raisedText, regressed} from '../rejections.js';
import type {Regression, RegressionPolicy} from './regression.js';

export interface GuardOptions {
  /** The most modes that the database may hold; 0 for no limit. */
  readonly maxModes: number;
  /** Keeps the marks beyond the end of this process; without it they are lost then. */
  readonly file?: MarksFile | undefined;
  readonly onRegression: RegressionPolicy;
  /** The only mode that will be allocated from; without it, any. */
  readonly onlyMode?: string | undefined;
  /** Called with each event that an operator should know of, in a sentence or two. */
  readonly warn?: ((text: string) => void) | undefined;
}

/** Bounds the warnings about raised counters; a long list would hide other warnings. */
const MAX_RAISED_WARNINGS = 5;

/** The counters that went back by accident, and the epoch at which this is true. */
export interface Verdict {
  readonly behind: readonly Behind[];
  readonly epoch: number;
}

/**
 * Keeps the high-water mark of each mode, and decides what happens to a counter below its mark. No SQL
 * statement can detect this: a restored database does not know that it has gone back.
 */
export class RegressionGuard {
  readonly memory: MarkMemory;
  readonly marks: HighWaterMarks;
  /** The counters that were raised to their marks. */
  readonly raised = new RaisedModes();
  readonly #store: Store;
  readonly #options: GuardOptions;
  /** By key of the mode. */
  readonly #regressions = new Map<string, Regression>();
  #forgottenCount = 0;
  #lineage: Lineage = {identity: undefined, epoch: 0, modeEpochs: new Map()};
  #prepared: Promise<void> | undefined;
  #isPrepared = false;
  #isIdentityDenied = false;
  /** Called after a verdict, so that all marks are compared with their counters. */
  onVerdict: () => void = () => undefined;

  constructor(store: Store, options: GuardOptions) {
    this.#store = store;
    this.#options = options;
    this.marks = new HighWaterMarks(options.maxModes);
    this.memory = new MarkMemory(options.file, this.marks, store.location);
  }

  /** True if the marks of earlier processes are read. */
  get isPrepared(): boolean {
    return this.#isPrepared;
  }

  /** Reads the marks of earlier processes, once. @throws UniqueIDError `DATABASE_*` */
  async prepare(): Promise<void> {
    if (this.#isPrepared) return;
    this.#prepared ??= this.#prepare().finally(() => {
      this.#prepared = undefined;
    });
    await this.#prepared;
  }

  /** Returns one more than the highest integer issued, or `undefined` if none is known. */
  highWaterMark(mode: string): bigint | undefined {
    return this.marks.get(mode);
  }

  /** Returns the epoch of integers that are claimed from now on. */
  epochOf(mode: string): number {
    return Math.max(this.marks.epoch(mode), epochOf(this.#lineage, mode));
  }

  /** Returns the quarantined modes; no integers of them are issued. */
  regressions(): readonly Regression[] {
    return [...this.#regressions.values()];
  }

  isQuarantined(mode: string): boolean {
    return this.#regressions.has(this.marks.keyOf(mode));
  }

  /** Raises the high-water mark before the integers from `first` up to it are issued. */
  record(mode: string, first: bigint, mark: Mark): void {
    // The mode was reset since. The range may be of before that, and is dropped then.
    if (this.marks.epoch(mode) > mark.epoch) return;
    this.#release(mode);
    this.memory.recordRange(mode, first, mark);
  }

  /**
   * Quarantines a mode whose counter was found below its high-water mark, until the counter is back.
   *
   * @returns the error for the callers
   */
  quarantine(mode: string, found: bigint): UniqueIDError {
    const regression = {mode, found, highWaterMark: this.marks.get(mode) ?? 0n};
    this.#regressions.set(this.marks.keyOf(mode), regression);
    return regressed(regression, this.#store.location);
  }

  /**
   * Decides what happened to counters that were found below their marks. A caller can claim again from all
   * that it does not return: a reset moved them, and their marks are forgotten.
   *
   * @throws UniqueIDError `DATABASE_*`
   */
  async judge(modes: readonly string[]): Promise<Verdict> {
    const lineage = await this.readLineage();
    this.memory.poll();
    this.onVerdict();
    return {behind: await this.compare(modes, lineage), epoch: lineage.epoch};
  }

  /**
   * Compares marks with the counters, and forgets those that a reset has made void.
   *
   * @param lineage was read just before
   * @returns the counters that went back by accident
   * @throws UniqueIDError `DATABASE_*`
   */
  async compare(modes: readonly string[], lineage: Lineage): Promise<readonly Behind[]> {
    const {marks} = this;
    const {behind, moved, passed} = await compareMarks({store: this.#store, marks}, modes, lineage);
    for (const {mode, mark} of passed) this.memory.record(mode, mark);
    for (const {mode, mark} of moved) this.#forget(mode, mark);
    return behind;
  }

  /** Reads the lineage. A user who may not write an identity tries that only once. */
  async readLineage(): Promise<Lineage> {
    const {lineage, isDenied} = await withIdentity(this.#store, !this.#isIdentityDenied);
    this.#isIdentityDenied ||= isDenied;
    this.#lineage = lineage;
    this.memory.noteLineage(lineage);
    return lineage;
  }

  /**
   * Reports a counter that went back and granted integers from `first` on, which another process issues. Call
   * it once the counter is past them again.
   */
  noteTaken(mode: string, first: bigint): void {
    if (!this.isQuarantined(mode)) this.noteRaised(mode, first, this.marks.get(mode) ?? first);
    this.onVerdict();
  }

  /** Reports a counter that was raised to its mark. */
  noteRaised(mode: string, found: bigint, highWaterMark: bigint): void {
    const regression = {mode, found, highWaterMark};
    this.#release(mode);
    if (this.raised.add(regression)) this.#options.warn?.(raisedText(regression, this.#store.location));
  }

  /** The number of counters found below their marks, by what was done. */
  get counts(): {readonly raised: number; readonly forgotten: number} {
    return {raised: this.raised.count, forgotten: this.#forgottenCount};
  }

  /** Returns what an operator should know: the counters raised last, and a problem of the file of marks. */
  warnings(): readonly string[] {
    const {path = '', problem} = this.memory;
    const raised = this.raised.recent().slice(-MAX_RAISED_WARNINGS);
    const texts = raised.map((regression) => raisedText(regression, this.#store.location));
    return problem === undefined ? texts : [...texts, guardFileProblem(path, problem)];
  }

  /** Reports a new problem of the file of marks. */
  reportProblem(): void {
    for (const text of this.memory.news()) this.#options.warn?.(text);
  }

  get policy(): RegressionPolicy {
    return this.#options.onRegression;
  }

  /**
   * Reads the counters of quarantined modes and releases those that are back at their high-water marks. A
   * health check calls this, because a load balancer sends no requests to an unhealthy service, so none could
   * find a mode mended.
   *
   * @returns the error of the first mode that stays quarantined
   * @throws UniqueIDError `DATABASE_*`
   */
  async recheckQuarantined(): Promise<UniqueIDError | undefined> {
    for (const regression of this.#regressions.values()) {
      const found = (await this.#store.counter(regression.mode))?.next;
      if (found === undefined || found < (this.marks.get(regression.mode) ?? 0n))
        return regressed(regression, this.#store.location);
      this.#release(regression.mode);
    }
    return undefined;
  }

  /** Replaces a mark by the one of a reset. */
  #forget(mode: string, mark: Mark): void {
    const {next: highWaterMark = 0n} = this.marks.mark(mode) ?? {};
    this.#release(mode);
    // Another process may have noted the reset since.
    if (!this.memory.record(mode, mark)) return;
    this.#forgottenCount++;
    const regression = {mode, found: mark.next, highWaterMark};
    this.#options.warn?.(forgottenText(regression, this.#store.location));
  }

  #release(mode: string): void {
    this.#regressions.delete(this.marks.keyOf(mode));
  }

  async #prepare(): Promise<void> {
    const lineage = await this.readLineage();
    this.marks.keyOf = keysOf(await this.#store.comparison());
    const {file, onlyMode} = this.#options;
    // Another spelling of the mode may have the mark.
    if (file !== undefined && this.marks.keyOf === exactKey) file.only = onlyMode;
    this.memory.start(lineage);
    this.#isPrepared = true;
    this.reportProblem();
  }
}
