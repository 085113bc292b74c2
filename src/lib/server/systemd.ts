import {execFile} from 'node:child_process';
import {visible} from '../util/text/visible.js';

/** SD_LISTEN_FDS_START: https://www.freedesktop.org/software/systemd/man/sd_listen_fds.html */
const FIRST_DESCRIPTOR = 3;

/** Returns the listening socket inherited from systemd; `undefined` for none. */
export function inheritedSocket(env: NodeJS.ProcessEnv, pid: number): number | undefined {
  const {LISTEN_FDS: count, LISTEN_PID: owner} = env;
  return owner === String(pid) && Number(count) >= 1 ? FIRST_DESCRIPTOR : undefined;
}

/**
 * Notifies systemd if it expects it (`Type=notify`, `NotifyAccess=all`). Node cannot write to a datagram
 * socket of this kind, so systemd's own program does.
 */
export function notifySystemd(env: NodeJS.ProcessEnv, state: 'READY=1' | 'STOPPING=1', status: string): void {
  if ((env['NOTIFY_SOCKET'] ?? '') === '') return;
  execFile('systemd-notify', [state, `STATUS=${visible(status)}`, `MAINPID=${process.pid}`], () => undefined);
}
