import {execFileSync, spawn, spawnSync, type ChildProcessByStdio} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import type {Readable} from 'node:stream';

/** The root folder of a small Debian without Node.js and compiler, in which commands run. */
export interface DebianRoot {
  readonly path: string;
  readonly run: (...command: readonly string[]) => {status: number | null; stdout: string; stderr: string};
  /** Starts a command; its process id is that of the command. */
  readonly start: (...command: readonly string[]) => ChildProcessByStdio<null, Readable, Readable>;
}

/** Installs the Debian of this machine into a folder, with `packages` besides the essential ones. */
export function makeDebianRoot(path: string, ...packages: readonly string[]): DebianRoot {
  const [, suite = ''] = /^VERSION_CODENAME=(\w+)$/m.exec(readFileSync('/etc/os-release', 'utf8')) ?? [];
  // The mounts belong to the process alone, so none is left even if it is killed.
  const options = ['--variant=minbase', `--include=${packages.join(',')}`, suite, path];
  execFileSync('unshare', ['--mount', 'debootstrap', ...options], {stdio: ['ignore', 'ignore', 'pipe']});
  const enter = 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"';
  const argumentsOf = (command: readonly string[]): string[] => [
    ...['--mount', 'sh', '-c', enter, path],
    ...['env', '--ignore-environment', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'HOME=/root', 'LANG=C.UTF-8'],
    ...command,
  ];
  return {
    path,
    run: (...command) =>
      spawnSync('unshare', argumentsOf(command), {
        cwd: join(path, 'tmp'),
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    start: (...command) => spawn('unshare', argumentsOf(command), {stdio: ['ignore', 'pipe', 'pipe']}),
  };
}
