import {chownSync, existsSync, mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {
  findMariadb,
  freePort,
  installMariadb,
  mariadbUser,
  ownFolder,
  runMariadb,
  type PrivateServer,
} from './private-server.js';
import type {GuardedFolder} from '../folders/guarded-folder.js';

/** The folders of Debian and of other distributions. */
const providers = ['/usr/lib/galera', '/usr/lib64/galera-4', '/usr/lib/galera-4'];

/** Returns the path of the Galera library; `undefined` if it or rsync is not installed. */
export function findGalera(): string | undefined {
  if (findMariadb() === undefined || !existsSync('/usr/bin/rsync')) return undefined;
  return providers.map((folder) => join(folder, 'libgalera_smm.so')).find((path) => existsSync(path));
}

/** The ports of one node: for clients, for the group, for missed changes, for a whole copy. */
interface Ports {
  readonly clients: number;
  readonly group: number;
  readonly missed: number;
  readonly copy: number;
}

/** Starts the nodes of a MariaDB Galera cluster on loopback in turn; `remove` ends a node. */
export async function startGalera(nodes: number): Promise<PrivateServer[]> {
  const provider = findGalera();
  if (provider === undefined) throw new Error('Galera is not installed');
  const ports: Ports[] = [];
  while (ports.length < nodes)
    ports.push({
      clients: await freePort(),
      group: await freePort(),
      missed: await freePort(),
      copy: await freePort(),
    });
  const folders = ports.map(() => ownFolder('galera', mariadbUser()));
  const [first] = folders;
  if (first === undefined) return [];
  const init = installMariadb(first);
  const started: PrivateServer[] = [];
  for (const [index, folder] of folders.entries()) {
    if (folder !== first) makeDataFolder(folder);
    let isNew = index === 0;
    started.push(
      await runMariadb(folder, ports[index]?.clients ?? 0, () => {
        const options = isNew ? ['--wsrep-new-cluster', `--init-file=${init}`] : [];
        isNew = false;
        return [...options, ...clusterOptions(provider, ports, index)];
      }),
    );
  }
  return started;
}

/** A node that joins receives all data, and needs only a folder for it. */
function makeDataFolder({path}: GuardedFolder): void {
  const data = join(path, 'data');
  mkdirSync(data);
  const {uid, gid} = mariadbUser();
  if (uid !== undefined && gid !== undefined) chownSync(data, uid, gid);
}

function clusterOptions(provider: string, ports: readonly Ports[], index: number): string[] {
  const {group = 0, missed = 0, copy = 0} = ports[index] ?? {};
  const members = ports.map((each) => `127.0.0.1:${each.group}`).join(',');
  const providerOptions = [
    `base_port=${group}`,
    `gmcast.listen_addr=tcp://127.0.0.1:${group}`,
    `ist.recv_addr=127.0.0.1:${missed}`,
    'gcache.size=16M',
    // Evict a dead node sooner than after the default of 5 seconds.
    'evs.keepalive_period=PT0.5S',
    'evs.suspect_timeout=PT2S',
    'evs.inactive_timeout=PT4S',
  ];
  return [
    '--wsrep-on=ON',
    `--wsrep-provider=${provider}`,
    '--wsrep-cluster-name=test',
    `--wsrep-cluster-address=gcomm://${members}`,
    `--wsrep-node-name=node${index}`,
    '--wsrep-node-address=127.0.0.1',
    `--wsrep-node-incoming-address=127.0.0.1:${ports[index]?.clients}`,
    '--wsrep-sst-method=rsync',
    `--wsrep-sst-receive-address=127.0.0.1:${copy}`,
    `--wsrep-provider-options=${providerOptions.join(';')}`,
    '--binlog-format=ROW',
    '--innodb-autoinc-lock-mode=2',
  ];
}
