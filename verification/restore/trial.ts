import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import type {GuardedFolder} from '../../test/helpers/folders/guarded-folder.js';
import type {Random} from '../../test/helpers/random.js';
import {checkHistory} from '../history/check.js';
import {isClean, type Report} from '../history/findings.js';
import {now} from '../history/line.js';
import {writeEvents} from '../history/write.js';
import {strikeAccident, type Trial} from './accident.js';
import {ANSWER_WITHIN_MS, Prober, startClients} from './clients.js';
import type {Backup, Source} from './databases/database.js';
import {makeFleet, urlOf} from './fleet.js';
import {Ledger} from './ledger.js';
import {Operator} from './operator.js';
import {measureTwice, type Twice} from './twice.js';

export interface TrialOptions {
  readonly source: Source;
  readonly servers: number;
  readonly machines: number;
  readonly random: Random;
  /** The folder of the run; it exists. */
  readonly folder: string;
  readonly guard: GuardedFolder;
}

/** The result of one run. */
export interface TrialResult {
  readonly report: Report;
  /** All that happened, in order. */
  readonly story: readonly string[];
  readonly wrong: readonly string[];
  readonly restores: number;
  readonly resets: number;
  /** Restores after which a counter had to be raised. */
  readonly raises: number;
  readonly slowestRecoveryMs: number;
  readonly twice: Twice;
  readonly isGood: boolean;
}

/** Time after its client is gone in which a server may take the integers of a request. */
const PATIENCE_MS = 4000;

const CLIENTS = 6;

/** Runs one random trial to its end. @throws Error if something does not start */
export async function runTrial(options: TrialOptions): Promise<TrialResult> {
  const {source, servers, machines, random, folder, guard} = options;
  const closers: (() => unknown)[] = [];
  const story: string[] = [];
  const ledger = new Ledger(['file', 'upload_job', 'transaction']);
  const {wrong} = ledger;
  const counts = {restores: 0, resets: 0, raises: 0, slowest: 0};
  try {
    const database = await source.make(folder);
    closers.push(() => database.remove());
    const fleet = await makeFleet({servers, machines, folder, guard, env: database.env});
    closers.push(() => Promise.all(fleet.servers.map((server) => server.kill())));
    const histories = historiesOf(folder);
    mkdirSync(histories);
    const events = writeEvents(histories);
    closers.push(() => {
      events.close();
    });
    events.append({event: 'began', firstIndex: 0n, patienceMs: PATIENCE_MS, begun: now(), ended: now()});

    const backups: Backup[] = [];
    const backUp = async (): Promise<void> => {
      if (database.maxRestores === 1 && backups.length > 0) return;
      const backup = await database.backup(random);
      backups.push(backup);
      story.push(`backup by ${backup.name}`);
    };
    // Older than the first start, so older than everything that the servers write into the database.
    if (random.percent(10)) await backUp();
    await Promise.all(fleet.servers.map((server) => server.start()));
    const prober = new Prober(histories, ledger);
    closers.push(() => {
      prober.close();
    });
    const clients = startClients({
      folder: histories,
      count: CLIENTS,
      urls: fleet.servers.map(urlOf),
      random,
      ledger,
      maxPauseMs: random.pick([0, 10, 30]),
    });
    let areStopped = false;
    const stop = async (): Promise<void> => {
      if (!areStopped) await clients.stop();
      areStopped = true;
    };
    closers.push(stop);
    const operator = new Operator({folder, histories, fleet, machines, random, ledger});
    closers.push(() => {
      operator.close();
    });
    const trial: Trial = {
      ...{random, database, fleet, machines, ledger, prober, clients, operator},
      append: events.append,
      tell: (what) => story.push(what),
      wrong: (what) => wrong.push(what),
    };

    const rounds = random.between(1, database.maxRestores);
    for (let round = 1; round <= rounds; round++) {
      await sleep(random.between(20, 200));
      await backUp();
      for (const act of random.shuffled(acts)) {
        if (!random.percent(act.percent)) continue;
        await act.play(trial);
        if (act === reset) counts.resets++;
        if (random.percent(30)) await backUp();
      }
      await sleep(random.between(10, 200));
      const backup = random.percent(75) ? backups.at(-1) : random.pick(backups);
      if (backup === undefined) break;
      const accident = await strikeAccident(trial, backup);
      counts.restores++;
      counts.slowest = Math.max(counts.slowest, await recover(trial));
      if (accident.isBehind) counts.raises++;
      await accident.conclude();
      if (random.percent(25)) await reset.play(trial).then(() => counts.resets++);
      if (random.percent(25)) await operator.getid();
    }
    if (random.percent(25)) {
      await restart(trial);
      await recover(trial);
    }
    await sleep(random.between(10, 100));
    await stop();
    for (const server of fleet.servers) {
      const status = await server.end();
      if (status !== 0) wrong.push(`${server.name} ended with ${status} on SIGTERM`);
      wrong.push(...server.crashes);
    }
    events.append({event: 'counters', counters: await database.counters(), begun: now(), ended: now()});
  } catch (error) {
    wrong.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  } finally {
    for (const close of closers.reverse()) await close();
  }
  const report = checkHistory(historiesOf(folder));
  return {
    ...{report, story, wrong, restores: counts.restores, resets: counts.resets, raises: counts.raises},
    slowestRecoveryMs: counts.slowest,
    twice: measureTwice(historiesOf(folder)),
    isGood: wrong.length === 0 && (machines > 1 || isClean(report)),
  };
}

const historiesOf = (folder: string): string => join(folder, 'histories');

/** Waits until every server has answered for every mode. @returns the time of the slowest in ms */
async function recover({fleet, ledger, prober, wrong}: Trial): Promise<number> {
  const since = performance.now();
  await Promise.all(
    fleet.servers.map(async (server) => {
      for (const mode of ledger.modes()) {
        const answer = await prober.untilAnswered(urlOf(server), mode, 1n);
        if (answer === undefined) {
          wrong(`${server.name} does not answer for ${mode} after ${ANSWER_WITHIN_MS / 1000} s`);
          return;
        }
      }
    }),
  );
  return performance.now() - since;
}

interface Act {
  readonly percent: number;
  readonly play: (trial: Trial) => Promise<void>;
}

/** Restarts some servers. */
async function restart({random, fleet, tell}: Trial): Promise<void> {
  const some = fleet.servers.filter(() => random.percent(50));
  const isKilled = random.percent(50);
  tell(`${isKilled ? 'killed' : 'stopped'} and started: ${some.map(({name}) => name).join(', ')}`);
  await Promise.all(some.map((server) => (isKilled ? server.kill() : server.end())));
  await Promise.all(some.map((server) => server.start()));
}

const reset: Act = {percent: 30, play: (trial) => trial.operator.reset(trial)};

/** Acts between a backup and its restore. */
const acts: readonly Act[] = [
  reset,
  {percent: 15, play: restart},
  {percent: 30, play: ({operator}) => operator.getid()},
  {
    percent: 30,
    play: ({ledger, tell}) => {
      const mode = `mode ${ledger.modes().length}`;
      ledger.addMode(mode);
      tell(`new ${mode}`);
      return Promise.resolve();
    },
  },
];
