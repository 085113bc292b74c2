import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {chmodSync, writeFileSync} from 'node:fs';
import {connect} from 'node:net';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {onTestFinished} from 'vitest';
import {need} from '../run/needs.js';
import {freePort, password} from './private-server.js';
import {makeWorkspace} from '../folders/workspace.js';

/**
 * Starts PgBouncer in transaction mode in front of a server, and ends it with the test.
 *
 * @returns the URL of the same database through it
 */
export async function startPgBouncer(url: string): Promise<string> {
  need('pgbouncer');
  const {port, pathname} = new URL(url);
  const folder = makeWorkspace();
  const listen = await freePort();
  writeFileSync(join(folder, 'users'), `"tester" "${password}"\n`);
  writeFileSync(
    join(folder, 'pgbouncer.ini'),
    `[databases]\n* = host=127.0.0.1 port=${port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = ${listen}\nunix_socket_dir =\n` +
      `auth_type = scram-sha-256\nauth_file = ${join(folder, 'users')}\npool_mode = transaction\ndefault_pool_size = 3\n`,
  );
  for (const path of [folder, join(folder, 'users'), join(folder, 'pgbouncer.ini')]) chmodSync(path, 0o755);
  const user = process.getuid?.() === 0 ? {uid: 65_534, gid: 65_534} : {};
  const child = spawn('pgbouncer', [join(folder, 'pgbouncer.ini')], {
    stdio: 'ignore',
    env: {PATH: `${process.env['PATH']}:/usr/sbin`},
    ...user,
  });
  onTestFinished(async () => {
    const closed = once(child, 'exit');
    child.kill('SIGKILL');
    await closed;
  });
  while (!(await answers(listen))) await sleep(20);
  return `postgresql://tester:${encodeURIComponent(password)}@127.0.0.1:${listen}${pathname}?prepare=false`;
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
