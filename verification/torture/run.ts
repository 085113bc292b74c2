import {setTimeout as sleep} from 'node:timers/promises';
import {checkHistory} from '../history/check.js';
import {isClean, type Report} from '../history/findings.js';
import type {Arena, Fault} from './arena.js';
import {openArena, type Setting} from './open-arena.js';
import {recovered} from './recovery.js';

/** The plan of a run. */
export interface Plan {
  readonly faults: readonly Fault[];
  /** True for each fault once, mixed with others. */
  readonly once: boolean;
  /** Otherwise faults strike until then, on the clock of `performance.now()`. */
  readonly until: number;
  readonly print: (line: string) => void;
}

/** The result of a run. */
export interface Run {
  readonly setting: Setting;
  readonly report: Report;
  /** Counts of strikes by fault. */
  readonly strikes: ReadonlyMap<string, number>;
  readonly kills: number;
  readonly recoveries: number;
  readonly slowestRecoveryMs: number;
  /** Faults that were impossible here, with the reason. */
  readonly skipped: ReadonlyMap<string, string>;
  /** Flaws beside those of the report. */
  readonly wrong: readonly string[];
  readonly isGood: boolean;
}

/** The most faults that strike together. */
const MAX_TOGETHER = 3;

/** @throws Error if something does not start */
export async function torture(setting: Setting, {faults, once, until, print}: Plan): Promise<Run> {
  const opened = await openArena(setting);
  const {arena, naming, wrong} = opened;
  const strikes = new Map<string, number>();
  const skipped = new Map<string, string>();
  const possible = faults.filter((fault) => {
    if (fault.applies?.(arena) === false) return false;
    const why = fault.impossible?.(arena);
    if (why !== undefined) skipped.set(fault.name, why);
    return why === undefined;
  });
  let [recoveries, slowest] = [0, 0];
  const failures: string[] = [];
  try {
    // Under full load from the first fault on.
    await sleep(1000);
    for (const group of once ? eachOnce(possible, arena) : endless(possible, arena, until)) {
      print(group.map(({name}) => name).join(' + '));
      await Promise.all(
        group.map(async (fault) => {
          // A little apart, in random order.
          await sleep(arena.random.between(0, 100));
          strikes.set(fault.name, (strikes.get(fault.name) ?? 0) + 1);
          await naming(fault.name, fault.strike);
        }),
      );
      const took = await recovered(arena);
      if (took === undefined) {
        failures.push(`not all servers answer after: ${group.map(({name}) => name).join(' + ')}`);
        break;
      }
      recoveries++;
      slowest = Math.max(slowest, took);
      await sleep(arena.random.between(0, 150));
    }
  } catch (error) {
    failures.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  try {
    await opened.close();
  } catch (error) {
    failures.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  const report = checkHistory(setting.folder);
  const all = [...wrong, ...failures];
  return {
    setting,
    report,
    strikes,
    kills: opened.kills(),
    recoveries,
    slowestRecoveryMs: slowest,
    skipped,
    wrong: all,
    isGood: isClean(report) && all.length === 0,
  };
}

/** Yields each fault once, together with some that touch other things. */
function* eachOnce(faults: readonly Fault[], {random}: Arena): Generator<readonly Fault[]> {
  const rest = random.shuffled(faults);
  for (let first = rest.shift(); first !== undefined; first = rest.shift()) yield mixed(first, rest);
}

/** Yields each fault once alone, then mixed ones, until the time is over. */
function* endless(faults: readonly Fault[], {random}: Arena, until: number): Generator<readonly Fault[]> {
  if (faults.length === 0) return;
  const isOver = (): boolean => performance.now() >= until;
  for (const fault of random.shuffled(faults)) {
    if (isOver()) return;
    yield [fault];
  }
  const killing = faults.filter(({kills}) => kills === true);
  while (!isOver()) {
    // Most begin with a kill. Some strike alone again, to show effects that another fault would hide.
    const first = random.pick(killing.length > 0 && random.between(0, 2) > 0 ? killing : faults);
    const rest = random.shuffled(faults.filter((fault) => fault !== first));
    yield random.between(0, 3) === 0 ? [first] : mixed(first, rest);
  }
}

/** Removes from `rest` the faults that may strike together with `first`. */
function mixed(first: Fault, rest: Fault[]): readonly Fault[] {
  const group = [first];
  const touched = new Set(first.touches);
  for (let index = 0; index < rest.length && group.length < MAX_TOGETHER;) {
    const fault = rest[index];
    if (fault === undefined || fault.touches.some((thing) => touched.has(thing))) {
      index++;
      continue;
    }
    for (const thing of fault.touches) touched.add(thing);
    group.push(fault);
    rest.splice(index, 1);
  }
  return group;
}
