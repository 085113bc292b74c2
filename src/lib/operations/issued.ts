import {statSync} from 'node:fs';
import {HighWaterMarks, isAbove, type Mark} from '../allocation/marks/high-water-marks.js';
import {marksFileOf} from '../allocation/memory/open.js';
import {withIdentity} from '../allocation/memory/identity.js';
import {MarkMemory} from '../allocation/memory/memory.js';
import {exactKey, keysOf, type KeyOf} from '../allocation/marks/spelling.js';
import type {Settings} from '../config/settings.js';
import {toUniqueIDError} from '../core/errors.js';
import {ALL_MODES, epochOf} from '../store/epochs.js';
import type {CounterMinimum, CounterMove, Lineage, Store} from '../store/store.js';

type IssuedSettings = Pick<Settings, 'guardFile' | 'databaseUrl'>;

/** The integers that processes of this machine have issued, by their file of high-water marks. */
export class Issued {
  readonly #marks: HighWaterMarks;
  readonly #memory: MarkMemory;
  readonly #store: Store;
  /** The lineage before any change of this command. */
  #lineage: Lineage = {identity: undefined, epoch: 0, modeEpochs: new Map()};
  /** Marks have their own spelling here: a copy into a table that keeps spellings apart needs them all. */
  #keyOf: KeyOf = exactKey;
  /** True if each mode has an epoch of its own. */
  #isExact = true;
  /** The highest mark of all spellings of a counter, by its key; `undefined` after a change. */
  #highest: ReadonlyMap<string, Mark> | undefined;

  /** @param readOnly creates no file, and no identity in the database */
  constructor(store: Store, settings: IssuedSettings, readOnly: boolean) {
    this.#store = store;
    // Without a limit, because a service with a higher max_modes may have written the file.
    this.#marks = new HighWaterMarks(0);
    this.#memory = new MarkMemory(marksFileOf(settings, {readOnly}), this.#marks, store.location);
  }

  static async read(store: Store, settings: IssuedSettings, readOnly: boolean): Promise<Issued> {
    const issued = new Issued(store, settings, readOnly);
    const comparison = await store.comparison();
    issued.#keyOf = keysOf(comparison);
    issued.#isExact = comparison.kind === 'exact';
    issued.#lineage = readOnly ? await readLineage(store) : (await withIdentity(store)).lineage;
    issued.#memory.start(issued.#lineage);
    return issued;
  }

  /** Reads the epochs and the file again, just before a reset: others may have reset or issued since. */
  async refresh(): Promise<void> {
    this.#lineage = await readLineage(this.#store);
    this.#memory.noteLineage(this.#lineage);
    this.#memory.poll();
    this.#highest = undefined;
  }

  /** Returns the mark to which a service raises a counter; `undefined` if a reset has made it void. */
  mark(mode: string): Mark | undefined {
    const mark = this.#highestMarks().get(this.#keyOf(mode));
    return mark !== undefined && epochOf(this.#lineage, mode) <= mark.epoch ? mark : undefined;
  }

  /** Returns what is wrong with the file, and was not returned before. */
  news(): readonly string[] {
    return this.#memory.news();
  }

  /** Returns one more than the highest integer issued; `undefined` if none is known. */
  highWaterMark(mode: string): bigint | undefined {
    return this.#highestMarks().get(this.#keyOf(mode))?.next;
  }

  /** Returns counters raised to the marks of all their spellings, except those that a reset moved since. */
  async raised(counters: readonly CounterMinimum[]): Promise<readonly CounterMinimum[]> {
    const lineage = await readLineage(this.#store);
    const marks = this.#highestMarks();
    return counters.map(({mode, next}) => {
      const {epoch, next: mark} = marks.get(this.#keyOf(mode)) ?? {epoch: 0, next: 0n};
      const isReset = epochOf(lineage, mode) > epoch;
      return {mode, next: mark > next && !isReset ? mark : next};
    });
  }

  /** Returns the modes that have a mark, but are not among these counters. */
  lost(counters: readonly CounterMinimum[]): readonly CounterMinimum[] {
    const stored = new Set(counters.map(({mode}) => this.#keyOf(mode)));
    const all = Array.from(this.#marks.entries(), ([mode, {next}]) => ({mode, next}));
    return all.filter(({mode}) => !stored.has(this.#keyOf(mode)));
  }

  /** Returns the spellings of these counters that processes have used. */
  spellings(counters: readonly CounterMinimum[]): readonly string[] {
    const stored = new Set(counters.map(({mode}) => this.#keyOf(mode)));
    const all = Array.from(this.#marks.entries(), ([mode]) => mode);
    return all.filter((mode) => stored.has(this.#keyOf(mode)));
  }

  /** Notes the marks of another database, for example of the one that the counters were copied from. */
  async record(counters: Iterable<CounterMinimum>): Promise<void> {
    const lineage = await this.#store.lineage();
    for (const {mode, next} of counters)
      if (next > (this.#marks.get(mode) ?? 0n)) {
        const epoch = Math.max(this.#marks.epoch(mode), epochOf(lineage, mode));
        this.#memory.record(mode, {epoch, next});
      }
  }

  /** Notes that a reset moved these counters, so that no process of this machine undoes it. */
  async recordReset(moves: readonly CounterMove[]): Promise<void> {
    const lineage = await this.#store.lineage();
    this.#memory.noteLineage(lineage);
    this.#memory.poll();
    this.#keepOthers(moves, lineage);
    const counters = await this.#store.readCounters(moves.map(({mode}) => mode));
    const found = new Map(counters.map(({mode, next}) => [this.#keyOf(mode), next]));
    for (const {mode, to} of moves) {
      // A lower counter is that of a later reset, whose epoch this may be.
      if ((found.get(this.#keyOf(mode)) ?? to) < to) continue;
      this.#memory.record(mode, {epoch: epochOf(lineage, mode), next: to});
    }
  }

  /**
   * An epoch of all modes, or of several similar ones, must not make the marks of modes void that stayed.
   * Asks the database nothing, because the counters are moved: a failure must not lose these marks.
   */
  #keepOthers(moves: readonly CounterMove[], lineage: Lineage): void {
    const [before, after] = [this.#lineage, lineage].map(({modeEpochs}) => modeEpochs.get(ALL_MODES));
    if (this.#isExact && before === after) return;
    // This reset wrote no epoch but the one of all modes: any other is of another reset.
    const known = before === after ? this.#lineage : withEpochOfAll(lineage, before ?? 0);
    const moved = new Set(moves.map(({mode}) => this.#keyOf(mode)));
    for (const [mode, {epoch, next}] of [...this.#marks.entries()]) {
      const isStaying = !moved.has(this.#keyOf(mode)) && epochOf(lineage, mode) > epoch;
      if (isStaying && epochOf(known, mode) <= epoch)
        this.#memory.record(mode, {epoch: epochOf(lineage, mode), next});
    }
    this.#memory.flush();
  }

  #highestMarks(): ReadonlyMap<string, Mark> {
    if (this.#highest !== undefined) return this.#highest;
    const marks = new Map<string, Mark>();
    for (const [mode, mark] of this.#marks.entries()) {
      const known = marks.get(this.#keyOf(mode));
      if (known === undefined || isAbove(mark, known)) marks.set(this.#keyOf(mode), mark);
    }
    this.#highest = marks;
    return marks;
  }

  /** Writes what was noted. @returns why it could not be written, unless `news` has said so */
  async close(): Promise<readonly string[]> {
    await this.#memory.close({sync: true});
    return this.news();
  }
}

function withEpochOfAll(lineage: Lineage, epoch: number): Lineage {
  return {...lineage, modeEpochs: new Map([...lineage.modeEpochs, [ALL_MODES, epoch]])};
}

/** Reads the lineage; tables of version 0.0 have none. */
async function readLineage(store: Store): Promise<Lineage> {
  try {
    return await store.lineage();
  } catch (error) {
    if (toUniqueIDError(error).code !== 'SCHEMA_MISSING') throw error;
    return {identity: undefined, epoch: 0, modeEpochs: new Map()};
  }
}

/** The file of marks as an operator sees it. */
export interface GuardFileStatus {
  readonly path: string;
  /** The time since the last write; `null` if there is no file. */
  readonly ageSeconds: number | null;
}

/** Returns where the marks are; `undefined` if `guard_file` is `none`. */
export function guardFileStatus(settings: IssuedSettings): GuardFileStatus | undefined {
  const path = marksFileOf(settings, {readOnly: true})?.path;
  if (path === undefined) return undefined;
  return {path, ageSeconds: ageOf(path)};
}

/** Returns the time since the last write of a file in seconds; `null` if there is no file. */
export function ageOf(path: string): number | null {
  try {
    const stats = statSync(path, {throwIfNoEntry: false});
    return stats === undefined ? null : Math.max(0, Math.round((Date.now() - stats.mtimeMs) / 1000));
  } catch {
    return null;
  }
}
