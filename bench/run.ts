import {mkdtempSync, rmSync} from 'node:fs';
import {availableParallelism, tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {load, median, startTarget, stopTarget, wallTime, type Round} from './measure.js';

/** Rounds of each server, in turn, so that a machine that slows down slows both. */
const ROUNDS = 5;
const SECONDS = 4;
const COMMAND_RUNS = 20;

const program = fileURLToPath(new URL('../bin/run.js', import.meta.url));
const bare = fileURLToPath(new URL('bare-server.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'uniqueid-bench-'));
const say = (line: string): void => void process.stdout.write(`${line}\n`);

try {
  say(`Node ${process.version}, ${availableParallelism()} processors; the load (wrk) runs on them too.\n`);
  await measureService([1, 64, 256]);
  measureCommand();
} finally {
  rmSync(folder, {recursive: true, force: true});
}

async function measureService(connectionCounts: readonly number[]): Promise<void> {
  const yardstick = await startTarget('bare node:http', [bare], folder);
  const service = await startTarget('uniqueid serve', [program, 'serve', '--sync', '--port', '0'], folder);
  say('| connections | server | requests/s (least to most) | p50 ms | p99 ms | share of bare |');
  say('| ---: | --- | ---: | ---: | ---: | ---: |');
  for (const connections of connectionCounts) {
    const rounds: Record<string, Round[]> = {};
    for (let round = 0; round < ROUNDS; round++) {
      for (const target of [yardstick, service]) {
        const seen = load(target, connections, SECONDS);
        if (seen.failures > 0) throw new Error(`${target.name}: ${seen.failures} requests failed`);
        (rounds[target.name] ??= []).push(seen);
      }
    }
    const [theirs = [], ours = []] = [rounds[yardstick.name], rounds[service.name]];
    const share = median(ours.map(({rate}, round) => rate / (theirs[round]?.rate ?? Number.NaN)));
    say(row(connections, yardstick.name, theirs, ''));
    say(row(connections, service.name, ours, share.toFixed(2)));
  }
  await stopTarget(yardstick);
  await stopTarget(service);
}

function row(connections: number, name: string, rounds: readonly Round[], share: string): string {
  const rates = rounds.map(({rate}) => rate);
  const spread = `${median(rates).toFixed(0)} (${Math.min(...rates).toFixed(0)} to ${Math.max(...rates).toFixed(0)})`;
  const p50 = median(rounds.map((round) => round.p50)).toFixed(2);
  const p99 = median(rounds.map((round) => round.p99)).toFixed(2);
  return `| ${connections} | ${name} | ${spread} | ${p50} | ${p99} | ${share} |`;
}

function measureCommand(): void {
  const [nothing, getid]: [number[], number[]] = [[], []];
  for (let run = 0; run <= COMMAND_RUNS; run++) {
    const pair = [wallTime(['-e', '0'], folder), wallTime([program, 'getid', '-m', 'file'], folder)] as const;
    // The first pair fills the caches of the file system.
    if (run === 0) continue;
    nothing.push(pair[0]);
    getid.push(pair[1]);
  }
  const share = median(getid.map((time, run) => time / (nothing[run] ?? Number.NaN)));
  say('\n| command | wall time, median ms | against `node -e 0` |');
  say('| --- | ---: | ---: |');
  say(`| \`node -e 0\` | ${median(nothing).toFixed(0)} | |`);
  say(`| \`uniqueid getid\` | ${median(getid).toFixed(0)} | ${share.toFixed(2)} |`);
}
