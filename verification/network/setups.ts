import type {Cluster} from './cluster.js';
import {commonFaults, type Fault} from './faults.js';
import {Galera} from './galera.js';
import {galeraFaults, proxyFaults} from './galera-faults.js';
import {Host} from './hosts.js';
import {Patroni} from './patroni.js';
import {poolerFaults, postgresFaults} from './postgres-faults.js';

/** A cluster, and the faults that strike it. */
export interface SetUp {
  readonly cluster: Cluster;
  readonly faults: readonly Fault[];
}

export const setUpNames = [
  'patroni',
  'patroni-strict',
  'pgbouncer',
  'galera',
  'galera-hosts',
  'async',
] as const;
export type SetUpName = (typeof setUpNames)[number];

/** The set-up that must lose commits: the proof that the checker sees a loss. */
export const CONTROL: SetUpName = 'async';

/** Makes the hosts of a set-up. */
export async function makeSetUp(name: SetUpName): Promise<SetUp> {
  const hosts = [1, 2, 3].map((number) => new Host(`db${number}`, 10 + number));
  for (const host of hosts) await host.connect();
  if (name === 'galera' || name === 'galera-hosts') {
    const isProxied = name === 'galera';
    const cluster = new Galera(hosts, isProxied);
    const faults = [...commonFaults(), ...galeraFaults(cluster)];
    return {cluster, faults: isProxied ? [...faults, ...proxyFaults(cluster)] : faults};
  }
  const cluster = new Patroni(hosts, {
    isSynchronous: name !== CONTROL,
    isStrict: name === 'patroni-strict',
    isPooled: name === 'pgbouncer',
  });
  const faults = [...commonFaults(), ...postgresFaults(cluster)];
  return {cluster, faults: name === 'pgbouncer' ? [...faults, ...poolerFaults(cluster)] : faults};
}
