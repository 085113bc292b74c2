// Cuts the network of real clusters, and judges the answers of their servers. Exit status: 0 if nothing is
// wrong, 1 if something is, 2 for usage. Needs root; elsewhere it prints one line.
// Run as: npm run network -- --minutes N [--seed S] [--setup NAME] [--fault NAME]
import {parseArgs} from 'node:util';
import {makeSwitch} from './hosts.js';
import {isInside, keepLogs, runInside, whyImpossible} from './namespace.js';
import {formatStrikes} from './report.js';
import {run, type Run} from './run.js';
import {CONTROL, setUpNames, type SetUpName} from './setups.js';

const usage = `Usage: npm run network -- --minutes N [options]

  --minutes N     duration of all set-ups together; 0 with --fault: each fault once
  --seed S        repeat the choices of an earlier run
  --setup NAME    ${setUpNames.join(', ')} (default: all in turn)
  --fault NAME    only this fault; may be repeated
`;

interface Asked {
  readonly minutes: number;
  readonly seed: number;
  readonly setUps: readonly SetUpName[];
  readonly faults: readonly string[] | undefined;
}

const print = (line: string): void => void process.stderr.write(`${line}\n`);

/** @throws Error if an argument is invalid */
function readArguments(): Asked {
  const {values} = parseArgs({
    options: {
      minutes: {type: 'string'},
      seed: {type: 'string'},
      setup: {type: 'string'},
      fault: {type: 'string', multiple: true},
    },
  });
  const minutes = Number(values.minutes ?? Number.NaN);
  if (!(minutes >= 0)) throw new Error('--minutes must be a number of at least 0');
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  if (!Number.isSafeInteger(seed)) throw new Error('--seed must be a whole number');
  const setUp = setUpNames.find((name) => name === values.setup);
  if (values.setup !== undefined && setUp === undefined)
    throw new Error(`--setup must be one of ${setUpNames.join(', ')}`);
  return {minutes, seed, setUps: setUp === undefined ? setUpNames : [setUp], faults: values.fault};
}

async function main({minutes, seed, setUps, faults}: Asked): Promise<boolean> {
  print(`seed ${seed}`);
  makeSwitch();
  const runs: Run[] = [];
  for (const [index, setUp] of setUps.entries()) {
    // The time that a set-up does not use goes to the next ones.
    const share = (minutes * 60_000 - performance.now()) / (setUps.length - index);
    const began = performance.now();
    const clock = (): string => ((performance.now() - began) / 1000).toFixed(0).padStart(4);
    runs.push(
      await run({
        setUp,
        seed: seed + index,
        until: began + share,
        ...(faults === undefined ? {} : {only: faults}),
        print: (line) => {
          print(`${setUp} ${clock()} s: ${line}`);
        },
      }),
    );
  }
  const strikes = runs.flatMap((each) => each.strikes);
  process.stdout.write(`${formatStrikes(strikes)}\n`);
  const flaws = [
    ...runs.flatMap(({wrong}) => wrong),
    ...strikes
      .filter(({setUp}) => setUp !== CONTROL)
      .filter((each) => each.overlaps > 0 || each.disorder > 0 || each.unexplainedGaps > 0 || each.isStuck)
      .map((each) => `${each.setUp}: ${each.faults.join(' + ')}`),
    ...(setUps.includes(CONTROL) && !strikes.some(({setUp, overlaps}) => setUp === CONTROL && overlaps > 0)
      ? [`${CONTROL}: the control lost nothing, so a loss would not have been seen`]
      : []),
  ];
  for (const flaw of flaws) print(`WRONG: ${flaw}`);
  if (flaws.length > 0) print(`Histories and logs: ${keepLogs()}; the seed was ${seed}.`);
  return flaws.length === 0;
}

let asked: Asked | undefined;
try {
  asked = readArguments();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
  process.exitCode = 2;
}
const why = whyImpossible();
if (asked !== undefined) {
  if (why !== undefined) print(`SKIPPED: ${why}`);
  else if (isInside()) process.exit((await main(asked)) ? 0 : 1);
  else process.exit(await runInside());
}
