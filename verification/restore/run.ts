// Restores backups and promotes stale standbys at random moments, and searches the answers for a duplicate.
// Exit status: 0 if nothing is wrong, 1 if anything is, 2 for usage.
// Run as: npm run restore -- --runs N --kind KIND [--servers N] [--machines N] [--seed S]
import {mkdirSync, rmSync} from 'node:fs';
import {mkdtemp} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {makeGuardedFolder} from '../../test/helpers/folders/guarded-folder.js';
import {findMariadb, findPostgres} from '../../test/helpers/databases/private-server.js';
import {seeded} from '../../test/helpers/random.js';
import {formatReport} from '../history/report.js';
import {kinds, type Kind, type Source} from './databases/database.js';
import {startMariadbSource} from './databases/mariadb.js';
import {startPostgresqlSource} from './databases/postgresql.js';
import {sqliteSource} from './databases/sqlite.js';
import {startStandbySource} from './databases/standby.js';
import {formatSummary} from './summary.js';
import {runTrial, type TrialResult} from './trial.js';

/** One accident with a broken guard leads to hundreds of findings. */
const FINDINGS_SHOWN = 3;

const usage = `Usage: npm run restore -- --runs N --kind KIND [options]

  --runs N       number of random runs
  --kind KIND    ${kinds.join(', ')}
  --servers N    number of servers (default: 1)
  --machines N   number of machines, whose servers do not share a memory (default: 1)
  --seed S       the seed of the first run; each run has the next one
`;

interface Asked {
  readonly runs: number;
  readonly kind: Kind;
  readonly servers: number;
  readonly machines: number;
  readonly seed: number;
}

/** @throws Error if an argument is invalid */
function readArguments(): Asked {
  const text = {type: 'string'} as const;
  const {values} = parseArgs({options: {runs: text, kind: text, servers: text, machines: text, seed: text}});
  const number = (name: 'runs' | 'servers' | 'machines' | 'seed', byDefault?: number): number => {
    const value = Number(values[name] ?? byDefault);
    if (!Number.isSafeInteger(value) || value < 1) throw new Error(`--${name} must be a number from 1 on`);
    return value;
  };
  const kind = kinds.find((each) => each === values.kind);
  if (kind === undefined) throw new Error(`--kind must be one of ${kinds.join(', ')}`);
  return {
    kind,
    runs: number('runs'),
    servers: number('servers', 1),
    machines: number('machines', 1),
    seed: number('seed', 1 + Math.floor(Math.random() * 1e6)),
  };
}

/** @throws Error if its program is not installed */
function startSource(kind: Kind): Promise<Source> {
  switch (kind) {
    case 'sqlite':
      return Promise.resolve(sqliteSource);
    case 'postgres':
    case 'standby':
      if (findPostgres() === undefined) throw new Error('PostgreSQL is not installed');
      return kind === 'standby' ? startStandbySource() : startPostgresqlSource();
    case 'mysql':
      if (findMariadb() === undefined) throw new Error('MariaDB is not installed');
      return startMariadbSource();
  }
}

const print = (line: string): void => void process.stderr.write(`${line}\n`);

async function main({runs, kind, servers, machines, seed}: Asked): Promise<boolean> {
  print(`seed ${seed}`);
  const top = await mkdtemp(join(tmpdir(), 'uniqueid-restores-'));
  const guard = makeGuardedFolder('restore');
  const source = await startSource(kind);
  const results: TrialResult[] = [];
  const began = performance.now();
  const interruption = new AbortController();
  // The first signal lets the present run end, so that the summary is still printed.
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      interruption.abort();
    });
  try {
    for (let index = 0; index < runs && !interruption.signal.aborted; index++) {
      const folder = join(top, `run-${seed + index}`);
      mkdirSync(folder);
      const random = seeded(seed + index);
      const result = await runTrial({source, servers, machines, random, folder, guard});
      results.push(result);
      if (result.isGood) rmSync(folder, {recursive: true});
      else {
        print(`SOMETHING IS WRONG with seed ${seed + index}, in ${folder}`);
        for (const line of result.story) print(`  ${line}`);
        for (const line of result.wrong) print(`  WRONG: ${line}`);
        print(formatReport(result.report, FINDINGS_SHOWN).replaceAll(/^/gm, '  ').trimEnd());
      }
    }
  } finally {
    await source.close();
    await guard.remove();
  }
  const seconds = (performance.now() - began) / 1000;
  process.stdout.write(formatSummary({kind, servers, machines, seconds}, results));
  const isGood = results.every((result) => result.isGood);
  if (isGood) rmSync(top, {recursive: true});
  return isGood;
}

let asked: Asked | undefined;
try {
  asked = readArguments();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
  process.exitCode = 2;
}
// Exit explicitly: the drivers of killed servers keep reconnecting.
if (asked !== undefined) process.exit((await main(asked)) ? 0 : 1);
