import {execFileSync, spawnSync} from 'node:child_process';
import {closeSync, mkdirSync, openSync, rmSync, writeSync} from 'node:fs';
import {join} from 'node:path';

/** A small disk in memory; only root may mount it. */
export interface SmallDisk {
  readonly path: string;
  /** Leaves no byte free. */
  readonly fill: () => void;
  /** Frees the space that `fill` took. */
  readonly free: () => void;
  /** Mounts it again as read-only or writable; fails while a file is open for writing. */
  readonly setReadOnly: (isReadOnly: boolean) => void;
  readonly unmount: () => void;
}

/** Returns true if this process may mount a disk: as root, unless a container withholds the right. */
export function canMount(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  return spawnSync('unshare', ['--mount', 'true'], {stdio: 'ignore'}).status === 0;
}

export function mountSmallDisk(path: string, megabytes: number): SmallDisk {
  mkdirSync(path, {recursive: true});
  const run = (program: string, ...args: string[]): void => {
    execFileSync(program, args, {stdio: ['ignore', 'ignore', 'pipe']});
  };
  run('mount', '-t', 'tmpfs', '-o', `size=${megabytes}m,mode=755`, 'tmpfs', path);
  const filler = join(path, 'filler');
  return {
    path,
    fill: () => {
      fillDisk(filler);
    },
    free: () => {
      rmSync(filler, {force: true});
    },
    setReadOnly: (isReadOnly) => {
      run('mount', '-o', `remount,${isReadOnly ? 'ro' : 'rw'}`, path);
    },
    unmount: () => {
      // Processes with open files keep them; the path disappears immediately.
      run('umount', '--lazy', path);
    },
  };
}

/** Fills the disk of a file by appending to the file. */
export function fillDisk(filler: string): void {
  const file = openSync(filler, 'a');
  try {
    for (let size = 1 << 20; size >= 1; size >>= 1) writeUntilFull(file, Buffer.alloc(size));
  } finally {
    closeSync(file);
  }
}

/** The maximum number of writes of one size: the loop must end on a disk that never fills. */
const MAX_WRITES = 4096;

function writeUntilFull(file: number, bytes: Buffer): void {
  for (let count = 0; count < MAX_WRITES; count++) {
    try {
      if (writeSync(file, bytes) < bytes.length) return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return;
      throw error;
    }
  }
}
