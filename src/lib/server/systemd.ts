import {execFile} from 'node:child_process';
import {visible} from '../util/visible.js';

/** The first socket that systemd hands over, https://www.freedesktop.org/software/systemd/man/sd_listen_fds.html */
const FIRST_DESCRIPTOR = 3;

/** The socket that whoever started this process listens on already; `undefined` for none. */
export function inheritedSocket(env: NodeJS.ProcessEnv, pid: number): number | undefined {
  const {LISTEN_FDS: count, LISTEN_PID: owner} = env;
  return owner === String(pid) && Number(count) >= 1 ? FIRST_DESCRIPTOR : undefined;
}

/**
 * Tells systemd, where it asked to be told (`Type=notify`, `NotifyAccess=all`). Node cannot write to the datagram
 * socket itself, so systemd's own program does.
 */
export function notifySystemd(env: NodeJS.ProcessEnv, state: 'READY=1' | 'STOPPING=1', status: string): void {
  if ((env['NOTIFY_SOCKET'] ?? '') === '') return;
  execFile('systemd-notify', [state, `STATUS=${visible(status)}`, `MAINPID=${process.pid}`], () => undefined);
}
