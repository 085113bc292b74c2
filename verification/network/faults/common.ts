import {setTimeout as sleep} from 'node:timers/promises';
import {now} from '../../history/line.js';
import {cut, slow, type Cut} from '../hosts/cuts.js';
import type {Cluster} from '../clusters/cluster.js';
import type {Host} from '../hosts/host.js';
import type {Trial} from '../trial.js';

/** One thing that goes wrong, and is repaired before `strike` ends. */
export interface Fault<C extends Cluster = Cluster> {
  readonly name: string;
  /** True if counters may go back. After any other fault, a raised counter shows that a commit was lost. */
  readonly movesBack?: boolean;
  /** True if it also ends servers: their outage then includes their start. */
  readonly endsServers?: boolean;
  readonly strike: (trial: Trial, cluster: C) => Promise<void>;
}

/** The time of a fault that no failover ends, and the least time of any other. */
const HOLD_MS = 8000;
const AT_LEAST_MS = 4000;
/** The longest that a fault waits for its failover. */
const AT_MOST_MS = 35_000;

export const POSTGRES_PORT = 5432;
export const ETCD_PORTS = [2379, 2380];
export const GALERA_PORTS = [4444, 4567, 4568];

/** Waits until both servers answer in spite of the fault, or for the longest time. */
export async function untilServed({servers}: Trial, atLeastMs = AT_LEAST_MS): Promise<void> {
  await sleep(atLeastMs);
  const since = now();
  const deadline = performance.now() + AT_MOST_MS;
  while (performance.now() < deadline) {
    if (servers.every(({probe}) => probe.hasAnsweredSince(since))) return;
    await sleep(100);
  }
}

/** Makes a fault of one cut of a host, which is chosen when it strikes. */
function cutting(
  name: string,
  chosen: (trial: Trial) => Promise<Host>,
  from: (trial: Trial) => readonly Host[],
  more: Omit<Cut, 'from'> = {},
): Fault {
  return {
    name,
    strike: async (trial) => {
      const host = await chosen(trial);
      const heal = await cut(host, {from: from(trial), ...more});
      try {
        await untilServed(trial);
        await sleep(2000);
      } finally {
        await heal();
      }
    },
  };
}

const writer = ({cluster}: Trial): Promise<Host> => cluster.writer();
const other = ({cluster}: Trial): Promise<Host> => cluster.standby();
const everything = ({hosts}: Trial): readonly Host[] => hosts;
const peers = ({cluster}: Trial): readonly Host[] => cluster.hosts;

/** Faults of every set-up. */
export const commonFaults = (): readonly Fault[] => [
  cutting('writer cut from everything', writer, everything),
  cutting('writer cut from its peers', writer, peers),
  cutting('writer hears nothing', writer, everything, {direction: 'in'}),
  cutting('the writer is not heard', writer, everything, {direction: 'out'}),
  cutting('standby cut from everything', other, everything),
  {
    name: 'servers on both sides',
    strike: async (trial) => {
      const [first, second] = trial.random.shuffled(trial.servers);
      if (first === undefined || second === undefined) throw new Error('there are no two servers');
      const host = await trial.cluster.writer();
      const others = trial.cluster.hosts.filter((each) => each !== host);
      const heals = [
        await cut(host, {from: [...others, second.host]}),
        await cut(first.host, {from: others}),
      ];
      try {
        await untilMoved(trial, second.host);
      } finally {
        for (const heal of heals) await heal();
      }
    },
  },
  {
    name: 'loss and slow links',
    strike: async (trial) => {
      const host = await trial.cluster.writer();
      const undo = [await cut(host, {from: trial.hosts, loss: 0.1}), await slow(host, '512kbit')];
      try {
        await sleep(HOLD_MS * 2);
      } finally {
        for (const end of undo) await end();
      }
    },
  },
  {
    name: 'short cuts in a row',
    strike: async (trial) => {
      const host = await trial.cluster.writer();
      for (let turn = 0; turn < 5; turn++) {
        const heal = await cut(host, {from: trial.hosts});
        await sleep(trial.random.between(500, 3000));
        await heal();
        await sleep(trial.random.between(200, 2000));
      }
    },
  },
  {
    name: 'servers restarted',
    endsServers: true,
    strike: async ({servers, random}) => {
      for (let turn = 0; turn < 6; turn++) {
        const {process} = random.pick(servers);
        await (random.percent(50) ? process.kill() : process.end());
        await sleep(random.between(0, 1000));
        await process.start();
        await sleep(random.between(0, 2000));
      }
    },
  },
  {
    name: 'writer paused until after failover',
    strike: async (trial) => {
      const host = await trial.cluster.writer();
      await host.signal('STOP');
      try {
        await untilServed(trial);
        await sleep(2000);
      } finally {
        await host.signal('CONT');
      }
    },
  },
];

/** Waits until the server that cannot reach the old writer answers again. */
async function untilMoved({servers}: Trial, host: Host): Promise<void> {
  await sleep(AT_LEAST_MS);
  const since = now();
  const deadline = performance.now() + AT_MOST_MS;
  const probe = servers.find((server) => server.host === host)?.probe;
  while (performance.now() < deadline && probe?.hasAnsweredSince(since) !== true) await sleep(100);
  await sleep(2000);
}
