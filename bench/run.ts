import {mkdtempSync, rmSync} from 'node:fs';
import {availableParallelism, tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {
  findMariadb,
  findPostgres,
  startMariadb,
  startPostgres,
  type PrivateServer,
} from '../test/helpers/private-server.js';
import {load, median, startTarget, stopTarget, wallTime, type Round, type Target} from './measure.js';

/** Rounds of each server, in turn, so that a machine that slows down slows both. */
const ROUNDS = 5;
const SECONDS = 4;
const COMMAND_RUNS = 20;

const program = fileURLToPath(new URL('../bin/run.js', import.meta.url));
const bare = fileURLToPath(new URL('bare-server.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'uniqueid-bench-'));
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** A database to serve from, and what ends it. */
interface Base {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  readonly remove: () => Promise<void>;
}

try {
  say(
    `Node ${process.version}, ${availableParallelism()} processors; the load (wrk) and the databases run on them too.\n`,
  );
  await measureServices([1, 64, 256]);
  measureCommand();
} finally {
  rmSync(folder, {recursive: true, force: true});
}

async function bases(): Promise<readonly Base[]> {
  const found: Base[] = [{name: 'SQLite', env: {}, remove: () => Promise.resolve()}];
  const add = (name: string, {url, remove}: PrivateServer, database: string): void => {
    found.push({name, env: {PEEWEE_URL: `${url}/${database}`}, remove});
  };
  if (findPostgres() === undefined) say('PostgreSQL is not installed: left out.');
  else add('PostgreSQL', await startPostgres(), 'postgres');
  if (findMariadb() === undefined) say('MariaDB is not installed: left out.');
  else add('MariaDB', await startMariadb(), 'mysql');
  return found;
}

async function measureServices(connectionCounts: readonly number[]): Promise<void> {
  const databases = await bases();
  const yardstick = await startTarget('bare node:http', [bare], folder);
  const services: Target[] = [];
  for (const {name, env} of databases) {
    services.push(
      await startTarget(`uniqueid on ${name}`, [program, 'serve', '--sync', '--port', '0'], folder, env),
    );
  }
  say('| connections | server | requests/s (least to most) | p50 ms | p99 ms | share of bare |');
  say('| ---: | --- | ---: | ---: | ---: | ---: |');
  for (const connections of connectionCounts) {
    const rounds = new Map<Target, Round[]>([yardstick, ...services].map((target) => [target, []]));
    for (let round = 0; round < ROUNDS; round++) {
      for (const [target, seen] of rounds) {
        const answer = load(target, connections, SECONDS);
        if (answer.failures > 0) throw new Error(`${target.name}: ${answer.failures} requests failed`);
        seen.push(answer);
      }
    }
    const theirs = rounds.get(yardstick) ?? [];
    for (const [target, ours] of rounds) {
      const share = median(ours.map(({rate}, round) => rate / (theirs[round]?.rate ?? Number.NaN)));
      say(row(connections, target.name, ours, target === yardstick ? '' : share.toFixed(2)));
    }
  }
  for (const target of [yardstick, ...services]) await stopTarget(target);
  for (const {remove} of databases) await remove();
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
