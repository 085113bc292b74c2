import {execFile} from 'node:child_process';
import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {promisify} from 'node:util';
import type {Random} from '../../test/helpers/random.js';
import {checkHistory} from '../history/check.js';
import type {Report} from '../history/findings.js';
import {now, type EventLine} from '../history/line.js';
import {writeEvents, type HistoryWriter} from '../history/write.js';
import {startClients, type Clients} from '../torture/clients.js';
import {commandLine, ServeProcess} from '../torture/serve-process.js';
import type {Cluster} from './clusters/cluster.js';
import {Host} from './hosts/host.js';
import {logFolder, workFolder} from './hosts/namespace.js';
import {CommitWatch} from './commit-watch.js';
import {Probe} from './probe.js';

/** A server, the host that it runs on, and its observer. */
export interface Server {
  readonly host: Host;
  readonly process: ServeProcess;
  readonly probe: Probe;
  readonly commits: CommitWatch;
}

const MODES = ['file', 'upload_job', 'transaction', 'instrument 1', 'instrument 2', 'instrument 3'];
const CLIENTS = 12;
/** Leaves processors to the databases, which share the machine. */
const PAUSE_MS = 40;
const PORT = 8051;
const REQUEST_TIMEOUT_S = 3;
/** A server may work for a request whose client is gone as long as for the request and its last statement. */
const PATIENCE_MS = 4 * REQUEST_TIMEOUT_S * 1000;

/** The part of a set-up that a trial depends on. */
export interface TrialSetUp {
  readonly cluster: Cluster;
  /** True if both servers keep their high-water marks in one guard file, as those of one machine do. */
  readonly sharesMemory: boolean;
}

/** Three servers on one cluster, clients under load, and their histories. */
export class Trial {
  readonly cluster: Cluster;
  readonly random: Random;
  /** The servers that clients use. */
  readonly servers: Server[] = [];
  readonly wrong: string[] = [];
  readonly #folder: string;
  readonly #seed: number;
  readonly #sharesMemory: boolean;
  readonly #clientHost: Host;
  readonly #events: HistoryWriter<EventLine>;
  /** The server that no client uses. */
  #idle: Server | undefined;
  #clients: Clients | undefined;
  #generation = 0;

  constructor({cluster, sharesMemory}: TrialSetUp, name: string, random: Random, seed: number) {
    this.cluster = cluster;
    this.#sharesMemory = sharesMemory;
    this.random = random;
    this.#seed = seed;
    this.#folder = join(logFolder, name);
    mkdirSync(this.#folder);
    this.#clientHost = new Host('clients', 31);
    this.#events = writeEvents(this.#folder);
  }

  /** The hosts of the databases, the servers and the clients. */
  get hosts(): readonly Host[] {
    return [...this.cluster.hosts, ...this.observed.map(({host}) => host), this.#clientHost];
  }

  /** All servers; the idle one comes last. */
  get observed(): readonly Server[] {
    return this.#idle === undefined ? this.servers : [...this.servers, this.#idle];
  }

  async start(): Promise<void> {
    await this.#clientHost.connect();
    await this.cluster.start();
    const hosts = [new Host('ids1', 21), new Host('ids2', 22), new Host('idle', 23)] as const;
    for (const host of hosts) {
      await host.connect();
      await this.cluster.serve(host);
    }
    const env = {
      PEEWEE_URL: this.cluster.url,
      UNIQUEID_REQUEST_TIMEOUT: String(REQUEST_TIMEOUT_S),
      UNIQUEID_ADDRESS: '0.0.0.0',
    };
    await this.#migrate(hosts[0], env);
    this.#events.append({
      event: 'began',
      firstIndex: 0n,
      patienceMs: PATIENCE_MS,
      begun: now(),
      ended: now(),
    });
    const [one, two, idle] = hosts;
    this.servers.push(await this.#serve(one, env, 'file'), await this.#serve(two, env, 'file'));
    this.#idle = await this.#serve(idle, env, undefined);
  }

  /** Starts clients that each history knows by a new name. */
  startClients(): void {
    const number = ++this.#generation;
    for (const {probe} of this.servers) probe.resume();
    const plan = {
      folder: this.#folder,
      names: Array.from({length: CLIENTS}, (_, index) => `${number}-${index + 1}`),
      servers: this.servers.map(({host}) => `http://${host.address}:${PORT}`),
      modes: MODES,
      seed: this.#seed * 1000 + number,
      pauseMs: PAUSE_MS,
    };
    this.#clients = startClients(plan, this.#clientHost.within());
  }

  /** Returns how many counters each server has raised since its process began; a stuck server has none. */
  raised(): Promise<readonly number[]> {
    return Promise.all(this.servers.map(({probe}) => probe.raised()));
  }

  /** Records what may have lost commits, from a moment until now. */
  recordFault(fault: string, begun: number): void {
    this.#events.append({event: 'fault', fault, target: 'network', mayLose: true, begun, ended: now()});
  }

  /** Ends the clients, and checks everything that was recorded so far. */
  async check(): Promise<Report> {
    const report = await this.#clients?.stop();
    this.#clients = undefined;
    for (const answer of report?.wrong ?? []) this.wrong.push(`wrong answer to client ${answer}`);
    for (const {probe} of this.servers) {
      await probe.pause();
      this.wrong.push(...probe.wrong.splice(0));
    }
    const begun = now();
    const counters = await this.cluster.counters();
    this.#events.append({event: 'counters', counters, begun, ended: now()});
    return checkHistory(this.#folder);
  }

  async stop(): Promise<void> {
    await this.#clients?.kill();
    for (const {probe, process, commits} of this.observed) {
      commits.stop();
      await probe.stop();
      await process.kill();
      this.wrong.push(...process.crashes);
    }
    this.#events.close();
  }

  async #serve(host: Host, env: Readonly<Record<string, string>>, mode: string | undefined): Promise<Server> {
    const {name, folder} = host;
    const process = new ServeProcess({
      name,
      port: PORT,
      cwd: folder,
      // The default may be a folder of the machine, which all hosts share.
      env: {...env, UNIQUEID_GUARD_FILE: join(this.#sharesMemory ? workFolder : folder, 'issued')},
      log: join(this.#folder, `${name}.log`),
      within: host.within(),
    });
    await process.start();
    const commits = new CommitWatch(host, this.cluster.url);
    const url = `http://${host.address}:${PORT}`;
    const probe = new Probe({folder: this.#folder, name: `probe-${name}`, url, mode, commits});
    return {host, process, probe, commits};
  }

  async #migrate(host: Host, env: Readonly<Record<string, string>>): Promise<void> {
    const words = [...host.within(), process.execPath, commandLine, 'dbsync'];
    await promisify(execFile)(words[0] ?? '', words.slice(1), {
      env: {PATH: process.env['PATH'], HOME: host.folder, ...env},
    });
  }
}
