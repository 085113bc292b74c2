import {chownSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {createConnection} from 'mysql2/promise';
import {findGalera} from '../../../test/helpers/databases/galera-cluster.js';
import {findMariadb, mariadbUser} from '../../../test/helpers/databases/private-server.js';
import {runProgram} from '../../restore/run-program.js';
import {account, examples, fillExample, untilHost, type Cluster} from './cluster.js';
import {Daemon, START_WITHIN_MS, until} from '../hosts/daemon.js';
import {command, type Host} from '../hosts/host.js';
import {workFolder} from '../hosts/namespace.js';

const CHECK_PORT = 9200;

/** Time for a node to become able to commit. */
const ANSWER_WITHIN_MS = 60_000;

/**
 * HAProxy returns to a node after two good checks, one a second, which take up to 3 s each on a busy machine.
 * It then cuts the connections to the other nodes, also during a commit.
 */
const PROXY_RETURNS_WITHIN_MS = 10_000;

/** One node, and the service that HAProxy asks if the node can commit. */
interface Node {
  readonly host: Host;
  readonly mariadb: Daemon;
  readonly check: Daemon;
}

/** MariaDB Galera Cluster on three hosts, with the configuration of the docs. */
export class Galera implements Cluster {
  readonly hosts: readonly Host[];
  readonly nodes: readonly Node[];
  readonly url: string;
  readonly proxies: Daemon[] = [];
  readonly settlesWithinMs: number;
  readonly #isProxied: boolean;
  #isNew = true;
  #dumps = 0;

  /** @param isProxied true for a HAProxy on the host of each server; false for one URL with all hosts */
  constructor(hosts: readonly Host[], isProxied: boolean) {
    this.hosts = hosts;
    this.#isProxied = isProxied;
    this.settlesWithinMs = isProxied ? PROXY_RETURNS_WITHIN_MS : 0;
    this.nodes = hosts.map((host) => this.#makeNode(host));
    const names = isProxied ? '127.0.0.1:3306' : hosts.map(({name}) => `${name}.example`).join(',');
    this.url = `mysql://${account.user}:${account.password}@${names}/${account.database}`;
  }

  async start(): Promise<void> {
    const [first, ...others] = this.nodes;
    if (first === undefined) return;
    await command(...this.#install(first.host));
    first.mariadb.start();
    await until('a first node', START_WITHIN_MS, () => this.#isSynced(first.host));
    this.#isNew = false;
    for (const {host, mariadb} of others) {
      mariadb.start();
      await until(`${host.name} is a member`, START_WITHIN_MS, () => this.#isSynced(host));
    }
    for (const {check} of this.nodes) check.start();
  }

  async serve(host: Host): Promise<void> {
    if (!this.#isProxied) return;
    const config = join(host.folder, 'haproxy.cfg');
    writeFileSync(config, fillExample('haproxy-galera.cfg', []));
    const proxy = new Daemon(host, {
      name: 'haproxy',
      command: () => ['/usr/sbin/haproxy', '-db', '-f', config],
    });
    proxy.start();
    this.proxies.push(proxy);
    const isReady = (): Promise<boolean> =>
      host
        .run('mariadb', ...this.#login('127.0.0.1'), '--execute', 'SELECT 1')
        .then(() => true)
        .catch(() => false);
    await until('HAProxy has a node', 30_000, isReady);
  }

  /** Returns the node that the servers use; without their sessions, the first one that can commit. */
  async writer(): Promise<Host> {
    return untilHost('a node that can commit', ANSWER_WITHIN_MS, async () => {
      const counted: {host: Host; sessions: number}[] = [];
      for (const host of this.hosts)
        if (await this.#isSynced(host)) counted.push({host, sessions: await this.#busySessions(host)});
      // The order of equals stays: HAProxy, and a URL, prefer nodes in this order.
      return counted.sort((a, b) => b.sessions - a.sessions)[0]?.host;
    });
  }

  async standby(): Promise<Host> {
    const writer = await this.writer();
    const found = this.hosts.find((host) => host !== writer);
    if (found === undefined) throw new Error('there is no other node');
    return found;
  }

  async isWhole(): Promise<boolean> {
    const states = await Promise.all(this.hosts.map((host) => this.#isSynced(host)));
    return states.every(Boolean);
  }

  async counters(): Promise<ReadonlyMap<string, bigint>> {
    const text = `SELECT id, CAST(\`index\` AS CHAR) FROM ${account.database}.uniqueindex`;
    const rows = await this.ask(await this.writer(), 'SET SESSION wsrep_sync_wait = 1', text);
    return new Map(rows.map(([mode = '', next = '']) => [mode, BigInt(next)]));
  }

  async dump(): Promise<() => Promise<void>> {
    const file = join(workFolder, `dump-${++this.#dumps}`);
    // Galera has no LOCK TABLES.
    const options = ['--single-transaction', '--skip-add-locks', `--result-file=${file}`];
    const {address} = await this.writer();
    await runProgram('mariadb-dump', [...this.#login(address), ...options, account.database]);
    return async () => {
      const login = this.#login((await this.writer()).address);
      // From stdin, an error ends the load; the command `source` would go on.
      await runProgram('mariadb', [...login, account.database], {input: readFileSync(file, 'utf8')});
    };
  }

  node(host: Host): Node {
    const found = this.nodes.find((node) => node.host === host);
    if (found === undefined) throw new Error(`${host.name} has no MariaDB`);
    return found;
  }

  /** Runs statements on one node. @returns the rows of the last one */
  async ask({address}: Host, ...statements: readonly string[]): Promise<string[][]> {
    const {user, password} = account;
    const connection = await createConnection({
      host: address,
      user,
      password,
      rowsAsArray: true,
      connectTimeout: 2000,
    });
    // A connection that ends between two statements is an error of the next one.
    connection.on('error', () => undefined);
    try {
      let rows: string[][] = [];
      for (const sql of statements) {
        const [answer] = await connection.query({sql, timeout: 5000});
        if (Array.isArray(answer)) rows = (answer as unknown[][]).map((row) => row.map(String));
      }
      return rows;
    } finally {
      connection.destroy();
    }
  }

  async #isSynced(host: Host): Promise<boolean> {
    try {
      const rows = await this.ask(host, `SHOW GLOBAL STATUS LIKE 'wsrep%'`);
      const found = new Map(rows.map(([name, value]) => [name, value]));
      return (
        found.get('wsrep_ready') === 'ON' &&
        found.get('wsrep_local_state') === '4' &&
        found.get('wsrep_cluster_status') === 'Primary'
      );
    } catch {
      return false;
    }
  }

  /** Counts the sessions that had a statement in the last second or two. Others may be of a former writer. */
  async #busySessions(host: Host): Promise<number> {
    const text = `SELECT COUNT(*) FROM information_schema.processlist
      WHERE user = '${account.user}' AND db = '${account.database}' AND time <= 1`;
    const [[count = '0'] = []] = await this.ask(host, text).catch(() => []);
    return Number(count);
  }

  #login(address: string): string[] {
    return ['--no-defaults', `--host=${address}`, `--user=${account.user}`, `--password=${account.password}`];
  }

  #install({folder}: Host): string[] {
    const {install} = findMariadb() ?? {install: ''};
    const {uid, gid} = mariadbUser();
    return [
      ...['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', install, '--no-defaults'],
      ...[`--datadir=${join(folder, 'data')}`, '--auth-root-authentication-method=normal', '--skip-test-db'],
    ];
  }

  #makeNode(host: Host): Node {
    const user = mariadbUser();
    const {uid = 0, gid = 0} = user;
    const path = (name: string): string => join(host.folder, name);
    mkdirSync(path('data'));
    mkdirSync(path('tmp'));
    for (const folder of [host.folder, path('data'), path('tmp')]) chownSync(folder, uid, gid);
    writeFileSync(path('init.sql'), this.#accounts());
    writeFileSync(
      path('galera.cnf'),
      fillExample('galera.cnf', [
        ['wsrep_node_name = db1', `wsrep_node_name = ${host.name}`],
        ['wsrep_node_address = db1.example', `wsrep_node_address = ${host.name}.example`],
        ['/usr/lib/galera/libgalera_smm.so', findGalera() ?? ''],
      ]),
    );
    const program = fileURLToPath(new URL('galera-check', examples));
    return {
      host,
      mariadb: new Daemon(host, {
        name: 'mariadb',
        user,
        env: {TMPDIR: path('tmp')},
        command: () => [
          findMariadb()?.server ?? '',
          `--defaults-file=${path('galera.cnf')}`,
          ...[`--datadir=${path('data')}`, `--socket=${path('socket')}`, `--pid-file=${path('pid')}`],
          ...['--innodb-buffer-pool-size=64M', '--innodb-log-file-size=16M', '--max-connections=200'],
          ...(this.#isNew ? ['--wsrep-new-cluster', `--init-file=${path('init.sql')}`] : []),
        ],
      }),
      check: new Daemon(host, {
        name: 'check',
        user,
        command: () => [
          ...['systemd-socket-activate', '--accept', '--inetd', `--listen=${CHECK_PORT}`],
          ...[`--setenv=GALERA_CHECK_SOCKET=${path('socket')}`, 'sh', program],
        ],
      }),
    };
  }

  #accounts(): string {
    const {user, password, database} = account;
    return [
      `CREATE USER ${user}@'%' IDENTIFIED BY '${password}';`,
      `CREATE DATABASE ${database};`,
      `GRANT ALL ON ${database}.* TO ${user}@'%';`,
      `CREATE USER mysql@localhost IDENTIFIED VIA unix_socket;`,
      '',
    ].join('\n');
  }
}
