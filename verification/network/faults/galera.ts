import {setTimeout as sleep} from 'node:timers/promises';
import {cut} from '../hosts/cuts.js';
import {GALERA_PORTS, untilServed, type Fault} from './common.js';
import type {Galera} from '../clusters/galera.js';

/** Faults of a Galera cluster. */
export const galeraFaults = (): readonly Fault<Galera>[] => [
  {
    name: 'replication only cut',
    strike: async (trial, cluster) => {
      const host = await cluster.writer();
      const heal = await cut(host, {from: cluster.hosts, ports: GALERA_PORTS});
      try {
        await untilServed(trial, 12_000);
      } finally {
        await heal();
      }
    },
  },
  {
    name: 'mariadbd of the writer killed',
    strike: async (trial, cluster) => {
      const {mariadb} = cluster.node(await cluster.writer());
      await mariadb.kill();
      try {
        await untilServed(trial);
      } finally {
        mariadb.start();
      }
    },
  },
];

/** Faults of HAProxy. */
export const proxyFaults = (): readonly Fault<Galera>[] => [
  {
    name: 'HAProxy killed',
    strike: async (_, cluster) => {
      for (const proxy of cluster.proxies) await proxy.kill();
      await sleep(3000);
      for (const proxy of cluster.proxies) proxy.start();
    },
  },
];
