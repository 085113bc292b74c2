// Cuts the network of real clusters, and judges the answers of their servers. Exit status: 0 if nothing is
// wrong, 1 if something is, 2 for usage. Needs root; elsewhere it prints one line.
// Run as: npm run network -- --minutes N [--seed S] [--setup NAME] [--fault NAME]
import {parseArgs} from 'node:util';
import {makeSwitch} from './hosts/host.js';
import {keepLogs, runInside, taskInside, whyImpossible} from './hosts/namespace.js';
import {formatStrikes} from './report.js';
import {run, type Plan, type Run} from './run.js';
import {faultNames, setUpNames, type SetUpName} from './setups.js';

const usage = `Usage: npm run network -- --minutes N [options]

  --minutes N     duration of all set-ups together; 0 with --fault: each fault once
  --seed S        repeat the choices of an earlier run
  --setup NAME    ${setUpNames.join(', ')} (default: all in turn)
  --fault NAME    only this fault; may be repeated:
${faultNames()
  .map((name) => `                  ${name}`)
  .join('\n')}
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
  const unknown = values.fault?.find((name) => !faultNames().includes(name));
  if (unknown !== undefined) throw new Error(`unknown fault "${unknown}"`);
  return {minutes, seed, setUps: setUp === undefined ? setUpNames : [setUp], faults: values.fault};
}

/** Runs one set-up after another, each in namespaces of its own. @returns true if nothing is wrong */
async function main({minutes, seed, setUps, faults}: Asked): Promise<boolean> {
  print(`seed ${seed}`);
  const runs: Run[] = [];
  for (const [index, setUp] of setUps.entries()) {
    // The time that a set-up does not use goes to the next ones.
    const limitMs = Math.max(0, (minutes * 60_000 - performance.now()) / (setUps.length - index));
    const task: Plan = {setUp, seed: seed + index, limitMs, only: faults};
    const output = await runInside(JSON.stringify(task));
    runs.push(output === '' ? {strikes: [], wrong: [`${setUp} ended early`]} : (JSON.parse(output) as Run));
  }
  const strikes = runs.flatMap((each) => each.strikes);
  process.stdout.write(`${formatStrikes(strikes)}\n`);
  const struck = new Set(strikes.flatMap((strike) => strike.faults));
  const wrong = [
    ...runs.flatMap((each) => each.wrong),
    ...(faults ?? []).filter((fault) => !struck.has(fault)).map((fault) => `"${fault}" struck no set-up`),
    ...setUps
      .filter((name) => faults === undefined && !strikes.some(({setUp}) => setUp === name))
      .map((name) => `no fault struck ${name}`),
  ];
  for (const flaw of wrong) print(`WRONG: ${flaw}`);
  return wrong.length === 0;
}

/** Runs one set-up in the present namespaces, and prints the result for the process outside. */
async function inside(plan: Plan): Promise<void> {
  makeSwitch();
  const result = await run(plan, (line) => {
    print(`${plan.setUp} ${(performance.now() / 1000).toFixed(0).padStart(4)} s: ${line}`);
  });
  if (result.wrong.length > 0) print(`Histories and logs: ${keepLogs()}; the seed was ${plan.seed}.`);
  process.stdout.write(JSON.stringify(result));
}

const task = taskInside();
if (task !== undefined) {
  await inside(JSON.parse(task) as Plan);
  process.exit();
}
let asked: Asked;
try {
  asked = readArguments();
} catch (error) {
  print(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
  process.exit(2);
}
const why = whyImpossible();
if (why === undefined) process.exit((await main(asked)) ? 0 : 1);
print(`SKIPPED: ${why}`);
