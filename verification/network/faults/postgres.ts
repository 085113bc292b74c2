import {setTimeout as sleep} from 'node:timers/promises';
import {cut} from '../hosts/cuts.js';
import {until} from '../hosts/daemon.js';
import {ETCD_PORTS, POSTGRES_PORT, untilServed, type Fault} from './common.js';
import type {Patroni} from '../clusters/patroni.js';

/** Cancels every wait for a standby for 30 seconds, as an administrator does who wants to get on. */
const CANCEL_WAITS = `DO $$ BEGIN
  FOR turn IN 1..600 LOOP
    PERFORM pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep';
    PERFORM pg_stat_clear_snapshot();
    PERFORM pg_sleep(0.05);
  END LOOP;
END $$`;

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
    // The server does not answer these commits, but it reads the counters before they are lost.
    movesBack: true,
    strike: async (trial, cluster) => {
      const host = await cluster.writer();
      const heal = await cut(host, {from: cluster.hosts});
      const cancelling = cluster.asSuperuser(host, CANCEL_WAITS).catch(() => undefined);
      try {
        await untilServed(trial, 12_000);
      } finally {
        await heal();
        await cancelling;
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
