import type {Cluster} from './clusters/cluster.js';
import {commonFaults, type Fault} from './faults/common.js';
import {Galera} from './clusters/galera.js';
import {galeraFaults, proxyFaults} from './faults/galera.js';
import {Host} from './hosts/host.js';
import {Patroni} from './clusters/patroni.js';
import {poolerFaults, postgresFaults} from './faults/postgres.js';
import type {Trial} from './trial.js';

/** A fault of a running cluster. */
export interface BoundFault {
  readonly name: string;
  readonly strike: (trial: Trial) => Promise<void>;
}

/** A cluster, and the faults that strike it. */
export interface SetUp {
  readonly cluster: Cluster;
  readonly faults: readonly BoundFault[];
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

/** Returns the names of all faults, of all set-ups. */
export function faultNames(): readonly string[] {
  const all = [commonFaults(), postgresFaults(), poolerFaults(), galeraFaults(), proxyFaults()];
  return [...new Set(all.flatMap((faults) => faults.map(({name}) => name)))];
}

/** Makes the hosts of a set-up. */
export async function makeSetUp(name: SetUpName): Promise<SetUp> {
  const hosts = [1, 2, 3].map((number) => new Host(`db${number}`, 10 + number));
  for (const host of hosts) await host.connect();
  if (name === 'galera' || name === 'galera-hosts') {
    const isProxied = name === 'galera';
    const faults = [...commonFaults(), ...galeraFaults(), ...(isProxied ? proxyFaults() : [])];
    return bind(new Galera(hosts, isProxied), faults);
  }
  const cluster = new Patroni(hosts, {
    isSynchronous: name !== CONTROL,
    isStrict: name === 'patroni-strict',
    isPooled: name === 'pgbouncer',
  });
  // The control shows one loss; its servers need not survive more.
  if (name === CONTROL)
    return bind<Cluster>(
      cluster,
      commonFaults().filter((fault) => fault.name === LOSS),
    );
  const faults = [...commonFaults(), ...postgresFaults()];
  return bind(cluster, name === 'pgbouncer' ? [...faults, ...poolerFaults()] : faults);
}

/** The fault that loses commits of an asynchronous cluster: each side has a server that goes on. */
const LOSS = 'servers on both sides';

function bind<C extends Cluster>(cluster: C, faults: readonly Fault<C>[]): SetUp {
  return {
    cluster,
    faults: faults.map(({name, strike}) => ({name, strike: (trial) => strike(trial, cluster)})),
  };
}
