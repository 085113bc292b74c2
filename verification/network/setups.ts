import type {Cluster} from './clusters/cluster.js';
import {commonFaults, type Fault} from './faults/common.js';
import {Galera} from './clusters/galera.js';
import {galeraFaults, proxyFaults} from './faults/galera.js';
import {Host} from './hosts/host.js';
import {Patroni, type PatroniOptions} from './clusters/patroni.js';
import {poolerFaults, postgresFaults} from './faults/postgres.js';
import {restoreFaults} from './faults/restores.js';
import type {Trial, TrialSetUp} from './trial.js';

/** A fault of a running cluster. */
export interface BoundFault extends Omit<Fault, 'strike'> {
  readonly strike: (trial: Trial) => Promise<void>;
}

/** A cluster, and the faults that strike it. */
export interface SetUp extends TrialSetUp {
  readonly faults: readonly BoundFault[];
}

export const setUpNames = [
  'patroni',
  'patroni-strict',
  'pgbouncer',
  'galera',
  'galera-hosts',
  'patroni-restored',
  'galera-restored',
  'async',
] as const;
export type SetUpName = (typeof setUpNames)[number];

/** The set-up that must lose commits: the proof that the checker sees a loss. */
export const CONTROL: SetUpName = 'async';

/** Returns the names of all faults, of all set-ups. */
export function faultNames(): readonly string[] {
  const kinds = [commonFaults, restoreFaults, postgresFaults, poolerFaults, galeraFaults, proxyFaults];
  return [...new Set(kinds.flatMap((faults) => faults().map(({name}) => name)))];
}

/** Makes the hosts of a set-up. */
export async function makeSetUp(name: SetUpName): Promise<SetUp> {
  const hosts = [1, 2, 3].map((number) => new Host(`db${number}`, 10 + number));
  for (const host of hosts) await host.connect();
  const patroni = (options: Partial<PatroniOptions> = {}): Patroni =>
    new Patroni(hosts, {isSynchronous: true, isStrict: false, isPooled: false, ...options});
  const common = commonFaults();
  switch (name) {
    case 'patroni':
    case 'patroni-strict':
      return bind(patroni({isStrict: name === 'patroni-strict'}), [...common, ...postgresFaults()]);
    case 'pgbouncer':
      return bind(patroni({isPooled: true}), [...common, ...postgresFaults(), ...poolerFaults()]);
    case 'galera':
      return bind(new Galera(hosts, true), [...common, ...galeraFaults(), ...proxyFaults()]);
    case 'galera-hosts':
      return bind(new Galera(hosts, false), [...common, ...galeraFaults()]);
    case 'patroni-restored':
      return {...bind<Cluster>(patroni(), aroundRestores()), sharesMemory: true};
    case 'galera-restored':
      return {...bind<Cluster>(new Galera(hosts, false), aroundRestores()), sharesMemory: true};
    case 'async':
      // It shows one loss; its servers need not survive more.
      return bind<Cluster>(patroni({isSynchronous: false}), named(LOSS));
  }
}

/** The fault that loses commits of an asynchronous cluster: each side has a server that goes on. */
const LOSS = 'servers on both sides';

/** The faults that strike together with a restore. */
const aroundRestores = (): readonly Fault[] => [
  ...restoreFaults(),
  ...named('servers restarted', 'short cuts in a row', 'writer cut from everything'),
];

function named(...names: readonly string[]): readonly Fault[] {
  return commonFaults().filter(({name}) => names.includes(name));
}

function bind<C extends Cluster>(cluster: C, faults: readonly Fault<C>[]): SetUp {
  return {
    cluster,
    faults: faults.map((fault) => ({...fault, strike: (trial) => fault.strike(trial, cluster)})),
    sharesMemory: false,
  };
}
