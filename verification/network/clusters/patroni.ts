import {chownSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import postgres from 'postgres';
import {findPostgres, postgresUser} from '../../../test/helpers/databases/private-server.js';
import {ask} from '../../../test/helpers/network/http.js';
import {runProgram} from '../../restore/run-program.js';
import {account, fillExample, untilHost, type Cluster} from './cluster.js';
import {Daemon, START_WITHIN_MS, until} from '../hosts/daemon.js';
import type {Host} from '../hosts/host.js';
import {workFolder} from '../hosts/namespace.js';
import {PgBouncer} from './pgbouncer.js';

const SUPERUSER_PASSWORD = 'super';
const REST_PORT = 8008;

export interface PatroniOptions {
  readonly isSynchronous: boolean;
  readonly isStrict: boolean;
  /** True if servers reach each PostgreSQL through a PgBouncer on its host. */
  readonly isPooled: boolean;
}

/** Time for Patroni to name a primary or a standby on a busy machine. */
const ANSWER_WITHIN_MS = 30_000;

/** One host with PostgreSQL, Patroni and etcd. */
interface Member {
  readonly host: Host;
  readonly etcd: Daemon;
  readonly patroni: Daemon;
  readonly pooler: PgBouncer;
}

/** A member as `/cluster` of Patroni's REST API shows it. */
interface Shown {
  readonly name: string;
  readonly role: string;
  readonly state: string;
  readonly timeline?: number;
  readonly lag?: number | string;
}

/** PostgreSQL on three hosts under Patroni, with the configuration of the docs. */
export class Patroni implements Cluster {
  readonly hosts: readonly Host[];
  readonly settlesWithinMs = 0;
  readonly url: string;
  readonly members: readonly Member[];
  readonly #options: PatroniOptions;
  #dumps = 0;

  constructor(hosts: readonly Host[], options: PatroniOptions) {
    this.hosts = hosts;
    this.#options = options;
    this.members = hosts.map((host) => this.#makeMember(host));
    const [port, more] = options.isPooled ? [PgBouncer.PORT, '?prepare=false'] : [5432, ''];
    const {user, password, database} = account;
    const names = hosts.map(({name}) => `${name}.example:${port}`).join(',');
    this.url = `postgresql://${user}:${password}@${names}/${database}${more}`;
  }

  async start(): Promise<void> {
    for (const {etcd} of this.members) etcd.start();
    const [first, ...others] = this.members;
    first?.patroni.start();
    await until('a first primary', START_WITHIN_MS, async () => (await this.#primary()) !== undefined);
    for (const {patroni} of others) patroni.start();
    for (const {pooler} of this.members) if (this.#options.isPooled) pooler.start();
    await until('three members', START_WITHIN_MS, () => this.isWhole());
    const {user, password, database} = account;
    await this.asSuperuser(
      await this.writer(),
      `CREATE ROLE ${user} LOGIN PASSWORD '${password}'`,
      `CREATE DATABASE ${database} OWNER ${user}`,
    );
  }

  serve(): Promise<void> {
    return Promise.resolve();
  }

  async writer(): Promise<Host> {
    return untilHost('a primary', ANSWER_WITHIN_MS, () => this.#primary());
  }

  async isWhole(): Promise<boolean> {
    const shown = await this.shown();
    const {isSynchronous} = this.#options;
    const leaders = shown.filter(({role}) => role === 'leader');
    const standbys = shown.filter(({role}) => role === 'replica' || role === 'sync_standby');
    return (
      leaders.length === 1 &&
      standbys.length === this.hosts.length - 1 &&
      shown.every(({state, timeline}) => state === 'running' && timeline === leaders[0]?.timeline) &&
      standbys.every(({lag}) => lag === 0 || typeof lag === 'number') &&
      (!isSynchronous || standbys.some(({role}) => role === 'sync_standby'))
    );
  }

  /** Returns the members as Patroni of a host shows them; none if it does not answer. */
  async shown(): Promise<readonly Shown[]> {
    for (const host of this.hosts) {
      const body = await this.rest(host, '/cluster');
      if (body !== undefined) return (JSON.parse(body) as {members: Shown[]}).members;
    }
    return [];
  }

  async counters(): Promise<ReadonlyMap<string, bigint>> {
    const rows = await this.asSuperuser(await this.writer(), `SELECT id, "index"::text FROM uniqueindex`);
    return new Map(rows.map(([mode = '', next = '']) => [mode, BigInt(next)]));
  }

  async dump(): Promise<() => Promise<void>> {
    const file = join(workFolder, `dump-${++this.#dumps}`);
    await this.#program('pg_dump', '-Fc', '-f', file);
    return () => this.#program('pg_restore', '--clean', '--if-exists', '--single-transaction', file);
  }

  member(host: Host): Member {
    const found = this.members.find((member) => member.host === host);
    if (found === undefined) throw new Error(`${host.name} has no PostgreSQL`);
    return found;
  }

  /** Waits until another host than this one is the primary. */
  async untilFailedOver(old: Host, limitMs = 60_000): Promise<void> {
    await until(`another primary than ${old.name}`, limitMs, async () => {
      const primaries = await this.#primaries();
      return primaries.some((host) => host !== old);
    });
  }

  /** Returns the synchronous standby, or any other standby. */
  async standby(): Promise<Host> {
    return untilHost('a standby', ANSWER_WITHIN_MS, async () => {
      const shown = await this.shown();
      const found =
        shown.find(({role}) => role === 'sync_standby') ?? shown.find(({role}) => role === 'replica');
      return this.hosts.find(({name}) => name === found?.name);
    });
  }

  /** Makes a standby the primary as planned. */
  async switchOver(leader: Host, candidate: Host): Promise<void> {
    const body = JSON.stringify({leader: leader.name, candidate: candidate.name});
    const url = `http://${leader.address}:${REST_PORT}/switchover`;
    const answer = await fetch(url, {method: 'POST', body, signal: AbortSignal.timeout(30_000)});
    if (!answer.ok) throw new Error(`Patroni rejects the switchover: ${await answer.text()}`);
  }

  /** Kills PostgreSQL of a host as a crash does; Patroni starts it again. */
  killPostgres(host: Host): void {
    const file = join(host.folder, 'data', 'postmaster.pid');
    process.kill(Number(readFileSync(file, 'utf8').split('\n')[0]), 'SIGKILL');
  }

  async asSuperuser(host: Host, ...statements: readonly string[]): Promise<string[][]> {
    const isInDatabase = !statements.some((text) => text.startsWith('CREATE'));
    const sql = postgres({
      host: host.address,
      username: 'postgres',
      password: SUPERUSER_PASSWORD,
      database: isInDatabase ? account.database : 'postgres',
      max: 1,
      connect_timeout: 5,
      // The driver drops an error of this query, as at a shutdown of the server.
      fetch_types: false,
      onnotice: () => undefined,
    });
    try {
      let rows: string[][] = [];
      for (const text of statements)
        rows = ((await sql.unsafe(text).values()) as unknown[][]).map((row) => row.map(String));
      return rows;
    } finally {
      await sql.end({timeout: 1});
    }
  }

  /** Asks Patroni of a host. @returns the answer; `undefined` unless its status is 200 */
  async rest(host: Host, path: string): Promise<string | undefined> {
    try {
      const {status, body} = await ask(`http://${host.address}:${REST_PORT}`, path, {
        signal: AbortSignal.timeout(2000),
      });
      return status === 200 ? body : undefined;
    } catch {
      return undefined;
    }
  }

  /** Runs a program of PostgreSQL on the database of the primary. */
  async #program(name: string, ...args: readonly string[]): Promise<void> {
    const {address} = await this.writer();
    const login = ['-h', address, '-U', account.user, '-d', account.database];
    const env = {PGPASSWORD: account.password, PGCONNECT_TIMEOUT: '5'};
    await runProgram(join(findPostgres() ?? '', name), [...login, ...args], {env});
  }

  async #primaries(): Promise<Host[]> {
    const answers = await Promise.all(this.hosts.map((host) => this.rest(host, '/primary')));
    return this.hosts.filter((_, index) => answers[index] !== undefined);
  }

  async #primary(): Promise<Host | undefined> {
    const [primary, ...more] = await this.#primaries();
    return more.length === 0 ? primary : undefined;
  }

  #makeMember(host: Host): Member {
    const user = postgresUser();
    const etcdData = join(host.folder, 'etcd');
    mkdirSync(etcdData, {mode: 0o700});
    const {uid = 0, gid = 0} = user;
    for (const folder of [host.folder, etcdData]) chownSync(folder, uid, gid);
    const config = join(host.folder, 'patroni.yml');
    writeFileSync(config, this.#config(host));
    return {
      host,
      etcd: new Daemon(host, {
        name: 'etcd',
        user,
        env: {ETCD_ENABLE_V2: 'true'},
        command: () => ['etcd', ...this.#etcdOptions(host, etcdData)],
      }),
      patroni: new Daemon(host, {name: 'patroni', user, command: () => ['patroni', config]}),
      pooler: new PgBouncer(host),
    };
  }

  #config({name, folder}: Host): string {
    const {isSynchronous, isStrict} = this.#options;
    return fillExample('patroni.yml', [
      ['name: db1', `name: ${name}`],
      ['connect_address: db1.example', `connect_address: ${name}.example`],
      ['/var/lib/postgresql/15/main', join(folder, 'data')],
      ['/usr/lib/postgresql/15/bin', findPostgres() ?? ''],
      ['username: postgres, password: CHANGE-ME', `username: postgres, password: ${SUPERUSER_PASSWORD}`],
      ['synchronous_mode: true', `synchronous_mode: ${isSynchronous}`],
      ['synchronous_mode_strict: true', `synchronous_mode_strict: ${isStrict}`],
      // No socket of one host may meet that of another in one folder.
      ['parameters:\n', `parameters:\n        unix_socket_directories: ''\n        max_wal_size: 128MB\n`],
    ]);
  }

  #etcdOptions({name, address}: Host, data: string): string[] {
    const peers = this.hosts.map((each) => `${each.name}=http://${each.address}:2380`).join(',');
    const [clients, own] = [`http://${address}:2379`, `http://${address}:2380`];
    return [
      ...['--name', name, '--data-dir', data],
      ...['--listen-client-urls', `${clients},http://127.0.0.1:2379`, '--advertise-client-urls', clients],
      ...['--listen-peer-urls', own, '--initial-advertise-peer-urls', own],
      ...['--initial-cluster', peers, '--initial-cluster-state', 'new'],
    ];
  }
}
