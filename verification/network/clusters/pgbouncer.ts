import {chownSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {postgresUser} from '../../../test/helpers/databases/private-server.js';
import {account} from './cluster.js';
import {Daemon} from '../hosts/daemon.js';
import type {Host} from '../hosts/host.js';

/** PgBouncer in transaction mode in front of the PostgreSQL of its own host. */
export class PgBouncer extends Daemon {
  static readonly PORT = 6432;

  constructor(host: Host) {
    const [config, users] = [join(host.folder, 'pgbouncer.ini'), join(host.folder, 'pgbouncer-users')];
    const {user, password, database} = account;
    writeFileSync(users, `"${user}" "${password}"\n`);
    writeFileSync(
      config,
      `[databases]\n${database} = host=127.0.0.1 port=5432\n[pgbouncer]\nlisten_addr = *\n` +
        `listen_port = ${PgBouncer.PORT}\nunix_socket_dir =\nauth_type = scram-sha-256\n` +
        `auth_file = ${users}\npool_mode = transaction\ndefault_pool_size = 5\n`,
    );
    const {uid = 0, gid = 0} = postgresUser();
    for (const path of [config, users]) chownSync(path, uid, gid);
    super(host, {name: 'pgbouncer', user: postgresUser(), command: () => ['/usr/sbin/pgbouncer', config]});
  }
}
