import {setTimeout as sleep} from 'node:timers/promises';
import {seeded} from '../../test/helpers/random.js';
import {isClean, type Report} from '../history/findings.js';
import {formatReport} from '../history/report.js';
import {now} from '../history/line.js';
import {NoHost} from './clusters/cluster.js';
import {until} from './hosts/daemon.js';
import type {Outage} from './probe.js';
import {CONTROL, makeSetUp, type BoundFault, type SetUpName} from './setups.js';
import {Trial} from './trial.js';

/** The effects of faults, from their begin until the cluster was whole again. */
export interface Strike {
  readonly setUp: SetUpName;
  readonly faults: readonly string[];
  readonly ranges: number;
  readonly overlaps: number;
  readonly disorder: number;
  readonly unexplainedGaps: number;
  /** The counters that the servers had to raise: commits were lost that the memory made up for. */
  readonly raised: number;
  /** The outages of both servers, and of the idle one. */
  readonly outages: readonly Outage[];
  readonly isStuck: boolean;
}

/** The plan of a run of one set-up. */
export interface Plan {
  readonly setUp: SetUpName;
  readonly seed: number;
  /** Faults strike until this time is over, but each of `only` once at least. */
  readonly limitMs: number;
  /** The names of the faults; all by default. */
  readonly only?: readonly string[] | undefined;
}

export interface Run {
  readonly strikes: readonly Strike[];
  /** Everything that must not be. */
  readonly wrong: readonly string[];
}

/** Longer than Patroni takes to rewind the old primary, on a slow machine. */
const WHOLE_WITHIN_MS = 300_000;
/** Time for a server to answer once the cluster can commit. */
const STUCK_AFTER_MS = 60_000;
const STEADY_MS = 3000;
/** The longest that /health may answer 200 in an outage, in seconds: an old result counts for one second. */
const MAX_FALSELY_HEALTHY_S = 5;
/** The longest that a server may be late: five times the aim, because other programs share the machine. */
const MAX_LATE_S = 10;

/** Runs faults on one set-up, and prints a line after each. */
export async function run(plan: Plan, print: (line: string) => void): Promise<Run> {
  const {setUp: name, seed, only} = plan;
  const random = seeded(seed);
  const setUp = await makeSetUp(name);
  const trial = new Trial(setUp, name, random, seed);
  const strikes: Strike[] = [];
  const wrong: string[] = [];
  try {
    await trial.start();
    const faults = setUp.faults.filter((fault) => only?.includes(fault.name) ?? true);
    let before: Report | undefined;
    for (const group of groups(faults, plan, random)) {
      const {strike, report} = await strikeOnce(trial, name, group, before);
      before = report;
      strikes.push(strike);
      const isWrong =
        name === CONTROL ? strike.overlaps === 0 : isUnexpected(strike, group) || !isClean(report);
      print(describe(strike));
      if (!isWrong) continue;
      wrong.push(name === CONTROL ? 'the control lost nothing: a loss would not be seen' : describe(strike));
      print(formatReport(report));
      break;
    }
  } catch (error) {
    wrong.push(`${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
  await trial.stop();
  return {strikes, wrong: [...wrong, ...trial.wrong]};
}

/** Returns true if the servers did what no fault of the group explains. */
function isUnexpected({isStuck, raised, outages}: Strike, group: readonly BoundFault[]): boolean {
  return (
    isStuck ||
    (raised > 0 && !group.some(({movesBack}) => movesBack)) ||
    outages.some(({falselyHealthy}) => falselyHealthy > MAX_FALSELY_HEALTHY_S) ||
    (outages.some(({late}) => late > MAX_LATE_S) && !group.some(({endsServers}) => endsServers))
  );
}

/** Yields each fault alone, then two at once, until the time is over. */
function* groups(
  faults: readonly BoundFault[],
  {limitMs, only, setUp}: Plan,
  {shuffled, pick}: ReturnType<typeof seeded>,
): Generator<readonly BoundFault[]> {
  const isOver = (): boolean => performance.now() > limitMs;
  for (const fault of shuffled(faults)) {
    if (isOver() && only === undefined && setUp !== CONTROL) return;
    yield [fault];
  }
  while (setUp !== CONTROL && !isOver() && faults.length > 0) {
    const first = pick(faults);
    const rest = faults.filter((fault) => fault !== first);
    yield rest.length === 0 ? [first] : [first, pick(rest)];
  }
}

async function strikeOnce(
  trial: Trial,
  setUp: SetUpName,
  faults: readonly BoundFault[],
  before: Report | undefined,
): Promise<{strike: Strike; report: Report}> {
  const {cluster, random} = trial;
  await until('the cluster is whole', WHOLE_WITHIN_MS, () => cluster.isWhole());
  trial.startClients();
  await sleep(STEADY_MS);
  const raisedBefore = await trial.raised();
  const begun = now();
  const names = await Promise.all(
    faults.map(async ({name, strike}, index) => {
      if (index > 0) await sleep(random.between(0, 5000));
      try {
        await strike(trial);
      } catch (error) {
        // The first fault may leave no host for the second one.
        if (index === 0 || !(error instanceof NoHost)) throw error;
        return `${name} (in vain)`;
      }
      return name;
    }),
  );
  const isStuck = !(await answerAgain(trial, setUp));
  const outages = trial.observed.map(({probe}) => probe.outageSince(begun));
  await until('the cluster is whole', WHOLE_WITHIN_MS, () => cluster.isWhole());
  await sleep(cluster.settlesWithinMs);
  trial.recordFault(names.join(' + '), begun);
  await sleep(STEADY_MS);
  const raised = (await trial.raised()).map((count, index) => {
    const before = raisedBefore[index] ?? 0;
    // A new process counts from 0.
    return count < before ? count : count - before;
  });
  const report = await trial.check();
  const grown = (count: (report: Report) => number): number =>
    count(report) - (before === undefined ? 0 : count(before));
  const strike: Strike = {
    setUp,
    faults: names,
    ranges: grown(({answered}) => answered),
    overlaps: grown(({overlaps}) => overlaps.count),
    disorder: grown(({outOfOrder}) => outOfOrder.count),
    unexplainedGaps: grown(({unexplainedGaps}) => unexplainedGaps.count),
    raised: raised.reduce((sum, count) => sum + count, 0),
    outages,
    isStuck,
  };
  return {strike, report};
}

/** Waits until all servers answer. @returns false if one does not, although the cluster is whole */
async function answerAgain({cluster, servers}: Trial, setUp: SetUpName): Promise<boolean> {
  const healed = now();
  const answer = (): boolean => servers.every(({probe}) => probe.hasAnsweredSince(healed));
  await until('a server answers, or the cluster is whole', WHOLE_WITHIN_MS, async () => {
    return answer() || (await cluster.isWhole());
  });
  // The servers of the control may quarantine their counters for good.
  const deadline = performance.now() + (setUp === CONTROL ? STEADY_MS : STUCK_AFTER_MS);
  while (!answer() && performance.now() < deadline) await sleep(100);
  return answer();
}

function describe({
  faults,
  ranges,
  overlaps,
  disorder,
  unexplainedGaps,
  raised,
  outages,
  isStuck,
}: Strike): string {
  const seconds = (time: (outage: Outage) => number): string =>
    outages.map((each) => time(each).toFixed(1)).join(' / ');
  return (
    `${faults.join(' + ')}: ${ranges} ranges, ${overlaps} overlaps, ${disorder} out of order, ` +
    `${unexplainedGaps} gaps, ${raised} raised, outage ${seconds(({total}) => total)} s, ` +
    `late ${seconds(({late}) => late)} s, falsely healthy ${seconds((each) => each.falselyHealthy)} s` +
    (isStuck ? ', STUCK' : '')
  );
}
