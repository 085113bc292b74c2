// Tries to make the program issue an integer twice. Exit status: 0 if nothing is wrong, 1 if anything is, 2
// for usage.
// Run as: npm run torture -- --minutes N [--kind KIND] [--servers N] [--seed S] [--faults LIST] [--once]
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {findMariadb, findPostgres} from '../../test/helpers/databases/private-server.js';
import {formatReport} from '../history/report.js';
import {kinds, type Kind} from './databases/database.js';
import {canMount} from '../../test/helpers/folders/small-disk.js';
import {allFaults} from './faults/all.js';
import {seeded} from '../../test/helpers/random.js';
import {torture, type Run} from './run.js';
import {formatSummary} from './summary.js';

const usage = `Usage: npm run torture -- --minutes N [options]

  --minutes N     duration of all runs together
  --once          instead of a duration: each fault once, mixed with others, in every run
  --kind KIND     ${kinds.join(', ')} (default: all of them in turn)
  --servers N     number of servers (default: 1 and 4)
  --seed S        repeat the choices of an earlier torture
  --faults LIST   only these, separated by commas:
${allFaults.map(({name}) => `                  ${name}`).join('\n')}
`;

/** Set in a mount namespace of this torture alone, whose mounts end with it in any case. */
const OWN_MOUNTS = 'UNIQUEID_TORTURE_OWN_MOUNTS';

/** Runs this program again in its own mount namespace. @returns its exit status */
async function withOwnMounts(): Promise<number> {
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const child = spawn('unshare', ['--mount', ...again], {
    stdio: 'inherit',
    env: {...process.env, [OWN_MOUNTS]: '1'},
  });
  // Ctrl-C reaches both processes; SIGTERM is passed on to the working one.
  process.on('SIGINT', () => undefined).on('SIGTERM', () => child.kill());
  const [status] = (await once(child, 'close')) as [number | null];
  return status ?? 1;
}

/** The parsed command line. */
interface Asked {
  readonly minutes: number;
  readonly once: boolean;
  readonly kinds: readonly Kind[];
  readonly servers: readonly number[];
  readonly seed: number;
  readonly faults: typeof allFaults;
}

const print = (line: string): void => void process.stderr.write(`${line}\n`);

/** @throws Error if an argument is invalid */
function readArguments(): Asked {
  const {values} = parseArgs({
    options: {
      minutes: {type: 'string'},
      once: {type: 'boolean', default: false},
      kind: {type: 'string'},
      servers: {type: 'string'},
      seed: {type: 'string'},
      faults: {type: 'string'},
    },
  });
  const minutes = Number(values.minutes ?? (values.once ? 0 : Number.NaN));
  if (!(minutes >= 0)) throw new Error('--minutes must be a number of at least 0');
  const kind = kinds.find((each) => each === values.kind);
  if (values.kind !== undefined && kind === undefined)
    throw new Error(`--kind must be one of ${kinds.join(', ')}`);
  const names = values.faults?.split(',').map((name) => name.trim());
  const unknown = names?.find((name) => !allFaults.some((fault) => fault.name === name));
  if (unknown !== undefined) throw new Error(`unknown fault "${unknown}"`);
  const [servers, seed] = [Number(values.servers ?? 0), Number(values.seed ?? Date.now() % 1_000_000)];
  if (!Number.isSafeInteger(servers) || servers < 0 || !Number.isSafeInteger(seed))
    throw new Error('--servers and --seed must be whole numbers');
  return {
    minutes,
    once: values.once,
    kinds: kind === undefined ? kinds : [kind],
    servers: servers === 0 ? [1, 4] : [servers],
    seed,
    faults: names === undefined ? allFaults : allFaults.filter(({name}) => names.includes(name)),
  };
}

/** Returns true if the server of a kind is installed. @throws Error if it is missing in CI */
function isInstalled(kind: Kind): boolean {
  const isThere = kind === 'sqlite' || (kind === 'postgresql' ? findPostgres() : findMariadb()) !== undefined;
  if (isThere) return true;
  if (process.env['CI'] === 'true') throw new Error(`${kind} is not installed`);
  print(`SKIPPED: ${kind} is not installed`);
  return false;
}

async function main({minutes, once, kinds: asked, servers, seed, faults}: Asked): Promise<boolean> {
  print(`seed ${seed}`);
  const settings = asked.filter(isInstalled).flatMap((kind) =>
    servers.flatMap((count) =>
      // A small disk is memory, so its commits take no time: most of a long torture uses the usual disk.
      (once ? [true] : canMount() ? [false, true] : [false]).map((smallDisk) => ({
        kind,
        servers: count,
        smallDisk,
      })),
    ),
  );
  const shares = settings.map(({smallDisk}) => (once || !canMount() ? 1 : smallDisk ? 0.25 : 0.75));
  const whole = shares.reduce((all, share) => all + share, 0);
  const top = mkdtempSync(join(tmpdir(), 'uniqueid-histories-'));
  const runs: Run[] = [];
  for (const [index, setting] of settings.entries()) {
    const {kind, servers: count, smallDisk} = setting;
    const name = `${kind}, ${count} server${count === 1 ? '' : 's'}, ${smallDisk ? 'small' : 'usual'} disk`;
    const folder = mkdtempSync(join(top, `${kind}-${count}-`));
    const began = performance.now();
    const clock = (): string => ((performance.now() - began) / 1000).toFixed(0).padStart(4);
    const run = await torture(
      {...setting, seed, random: seeded(seed + index), folder},
      {
        faults,
        once,
        until: began + (minutes * 60_000 * (shares[index] ?? 0)) / whole,
        print: (line) => {
          print(`${name} ${clock()} s: ${line}`);
        },
      },
    );
    runs.push(run);
    print(`${name}: ${run.isGood ? 'nothing wrong' : 'SOMETHING IS WRONG'}, after ${clock().trim()} s`);
    print(formatReport(run.report).replaceAll(/^/gm, '  ').trimEnd());
    for (const what of run.wrong) print(`  WRONG: ${what}`);
    if (run.isGood) rmSync(folder, {recursive: true});
  }
  process.stdout.write(`${formatSummary(runs)}\n`);
  const isGood = runs.every((run) => run.isGood);
  if (isGood) rmSync(top, {recursive: true});
  else process.stdout.write(`Something is wrong. Histories and logs: ${top}; the seed was ${seed}.\n`);
  return isGood;
}

let asked: Asked | undefined;
try {
  asked = readArguments();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
  process.exitCode = 2;
}
if (asked !== undefined) {
  if (canMount() && process.env[OWN_MOUNTS] === undefined) process.exitCode = await withOwnMounts();
  else {
    // Exit explicitly: the drivers of killed servers keep reconnecting.
    const status = (await main(asked)) ? 0 : 1;
    process.exit(status);
  }
}
