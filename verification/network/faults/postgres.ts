import {setTimeout as sleep} from 'node:timers/promises';
import {cut} from '../hosts/cuts.js';
import {until} from '../hosts/daemon.js';
import {ETCD_PORTS, POSTGRES_PORT, untilServed, type Fault} from './common.js';
import type {Patroni} from '../clusters/patroni.js';
import type {Host} from '../hosts/host.js';

const CANCEL_WAITS = `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'`;

/**
 * Cancels each wait for a standby for 30 seconds, or until Patroni ends PostgreSQL, as an administrator does
 * who wants to get on.
 *
 * @throws Error if it found no wait
 */
async function cancelWaits(cluster: Patroni, host: Host): Promise<void> {
  const deadline = performance.now() + 30_000;
  let cancelled = 0;
  while (performance.now() < deadline) {
    const rows = await cluster.asSuperuser(host, CANCEL_WAITS).catch(() => undefined);
    if (rows === undefined && cancelled > 0) return;
    cancelled += rows?.length ?? 0;
    await sleep(50);
  }
  if (cancelled === 0) throw new Error(`no commit of ${host.name} waited for a standby`);
}

/** Faults of PostgreSQL under Patroni. */
export const postgresFaults = (): readonly Fault<Patroni>[] => [
  {
    name: 'primary cut from etcd only',
    strike: async (trial, cluster) => {
      const host = await cluster.writer();
      const heal = await cut(host, {from: cluster.hosts, ports: ETCD_PORTS});
      try {
        await untilServed(trial);
        await sleep(2000);
      } finally {
        await heal();
      }
    },
  },
  {
    name: 'replication only cut',
    strike: async (trial, cluster) => {
      const host = await cluster.writer();
      const heal = await cut(host, {from: cluster.hosts, ports: [POSTGRES_PORT]});
      try {
        await untilServed(trial, 12_000);
      } finally {
        await heal();
      }
    },
  },
  {
    name: 'waits for the standby cancelled',
    strike: async (trial, cluster) => {
      const host = await cluster.writer();
      const heal = await cut(host, {from: cluster.hosts});
      try {
        await Promise.all([cancelWaits(cluster, host), untilServed(trial, 12_000)]);
      } finally {
        await heal();
      }
    },
  },
  {
    name: 'postgres killed',
    strike: async (trial, cluster) => {
      cluster.killPostgres(await cluster.writer());
      await untilServed(trial);
    },
  },
  {
    name: 'Patroni killed until after failover',
    strike: async (_, cluster) => {
      const host = await cluster.writer();
      const {patroni} = cluster.member(host);
      await patroni.kill();
      try {
        await cluster.untilFailedOver(host);
        await sleep(3000);
      } finally {
        patroni.start();
      }
    },
  },
  {
    name: 'switchover',
    strike: async (trial, cluster) => {
      const [host, candidate] = [await cluster.writer(), await cluster.standby()];
      await cluster.switchOver(host, candidate);
      await untilServed(trial);
    },
  },
  {
    name: 'all etcd paused',
    strike: async (_, cluster) => {
      for (const {etcd} of cluster.members) etcd.signal('SIGSTOP');
      try {
        await sleep(30_000);
      } finally {
        for (const {etcd} of cluster.members) etcd.signal('SIGCONT');
      }
      await until('a primary', 60_000, async () => {
        try {
          await cluster.writer();
          return true;
        } catch {
          return false;
        }
      });
    },
  },
];

/** Faults of PgBouncer. */
export const poolerFaults = (): readonly Fault<Patroni>[] => [
  {
    name: 'PgBouncer of the primary killed',
    strike: async (trial, cluster) => {
      const {pooler} = cluster.member(await cluster.writer());
      await pooler.kill();
      await sleep(3000);
      pooler.start();
      await untilServed(trial, 1000);
    },
  },
];
