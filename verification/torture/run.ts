import {setTimeout as sleep} from 'node:timers/promises';
import {checkHistory} from '../history/check.js';
import {isClean, type Report} from '../history/findings.js';
import type {Arena, Fault} from './arena.js';
import {openArena, recovered, type Setting} from './open-arena.js';

/** How a run is to go. */
export interface Plan {
  readonly faults: readonly Fault[];
  /** Each fault once, mixed with others, and then it is over. */
  readonly once: boolean;
  /** Or as many as there are until then, on the clock of `performance.now()`. */
  readonly until: number;
  readonly say: (line: string) => void;
}

/** What came of a run. */
export interface Run {
  readonly setting: Setting;
  readonly report: Report;
  /** How often each fault struck. */
  readonly strikes: ReadonlyMap<string, number>;
  readonly kills: number;
  readonly recoveries: number;
  readonly slowestRecoveryMs: number;
  /** Faults that could not be done here, and why. */
  readonly skipped: ReadonlyMap<string, string>;
  /** What is wrong beside what the report says. */
  readonly wrong: readonly string[];
  readonly isGood: boolean;
}

/** How long all servers may take to answer again, in milliseconds: time limits and restarts, on a slow machine. */
const RECOVER_WITHIN_MS = 30_000;

/** The most faults that strike at once. */
const MOST_AT_ONCE = 3;

/** @throws Error where something does not start */
export async function torture(setting: Setting, {faults, once, until, say}: Plan): Promise<Run> {
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
      say(group.map(({name}) => name).join(' + '));
      await Promise.all(
        group.map(async (fault) => {
          // A little apart, and never in the order of the list.
          await sleep(arena.random.between(0, 100));
          strikes.set(fault.name, (strikes.get(fault.name) ?? 0) + 1);
          await naming(fault.name, fault.strike);
        }),
      );
      const took = await recovered(arena, RECOVER_WITHIN_MS);
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

/** Each fault once, together with some that touch other things. */
function* eachOnce(faults: readonly Fault[], {random}: Arena): Generator<readonly Fault[]> {
  const rest = random.shuffled(faults);
  for (let first = rest.shift(); first !== undefined; first = rest.shift()) yield mixed(first, rest);
}

/** Each fault once alone, then mixed ones, until the time is over. */
function* endless(faults: readonly Fault[], {random}: Arena, until: number): Generator<readonly Fault[]> {
  if (faults.length === 0) return;
  const isOver = (): boolean => performance.now() >= until;
  for (const fault of random.shuffled(faults)) {
    if (isOver()) return;
    yield [fault];
  }
  const killing = faults.filter(({kills}) => kills === true);
  while (!isOver()) {
    // Most begin with something killed, and some strike alone again: what hides behind another fault shows then.
    const first = random.pick(killing.length > 0 && random.between(0, 2) > 0 ? killing : faults);
    const rest = random.shuffled(faults.filter((fault) => fault !== first));
    yield random.between(0, 3) === 0 ? [first] : mixed(first, rest);
  }
}

/** Takes out of `rest` what may strike together with a fault. */
function mixed(first: Fault, rest: Fault[]): readonly Fault[] {
  const group = [first];
  const touched = new Set(first.touches);
  for (let index = 0; index < rest.length && group.length < MOST_AT_ONCE;) {
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
