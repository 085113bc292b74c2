import {spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {cpSync, mkdtempSync} from 'node:fs';

/** Set inside of the namespaces of one trial. */
const INSIDE = 'UNIQUEID_NETWORK_INSIDE';

/** The folder of all files of a trial: a disk in memory that ends with the trial. */
export const workFolder = '/mnt';

/** The folder of all logs and histories. */
export const logFolder = `${workFolder}/logs`;

/**
 * Prepares the mounts. The shell stays the first process of its namespace, which collects orphans. Its end,
 * for any reason, makes the kernel end all processes, network namespaces and mounts of the trial.
 */
const prepare = `
  set -e
  mount -t tmpfs -o mode=755 tmpfs /run
  mount -t tmpfs -o mode=755,size=75% tmpfs ${workFolder}
  mkdir -m 1777 ${workFolder}/tmp ${logFolder}
  echo 127.0.0.1 localhost >${workFolder}/hosts
  mount --bind ${workFolder}/hosts /etc/hosts
  ip link set lo up
  set +e
  "$@"
  exit $?
`;

/** Returns the task of a process inside of the namespaces of a trial; `undefined` outside of them. */
export function taskInside(): string | undefined {
  return process.env[INSIDE];
}

/** Returns the reason why a trial is impossible here; `undefined` if it is possible. */
export function whyImpossible(): string | undefined {
  const {status} = spawnSync('unshare', ['--mount', '--net', '--pid', '--fork', 'true']);
  return status === 0 ? undefined : 'it makes network namespaces (unshare), so it needs root';
}

/**
 * Runs this program again in its own namespaces for processes, mounts and the network.
 *
 * @returns the standard output; a signal to this process ends it with all processes inside
 */
export async function runInside(task: string): Promise<string> {
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const child = spawn(
    'setpriv',
    [
      // The namespaces end with this process, even if it is killed.
      ...['--pdeathsig', 'KILL', 'unshare', '--mount', '--net', '--pid', '--fork'],
      ...['--kill-child=KILL', '--mount-proc', 'sh', '-c', prepare, 'sh', ...again],
    ],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {...process.env, [INSIDE]: task, TMPDIR: `${workFolder}/tmp`},
    },
  );
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  await once(child, 'close');
  return output;
}

/** Copies all logs and histories out of the trial, whose own files end with it. @returns the folder */
export function keepLogs(): string {
  const folder = mkdtempSync('/var/tmp/uniqueid-network-');
  cpSync(logFolder, folder, {recursive: true});
  return folder;
}
