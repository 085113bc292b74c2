import {execFileSync, spawnSync} from 'node:child_process';
import {closeSync, mkdirSync, openSync, rmSync, writeSync} from 'node:fs';
import {join} from 'node:path';

/** A small disk of its own: memory, mounted where only root may. */
export interface SmallDisk {
  readonly path: string;
  /** Leaves not a byte free. */
  readonly fill: () => void;
  /** Gives back what `fill` took. */
  readonly free: () => void;
  /** Mounts it anew so that nobody may write; works only while nobody has a file open to write. */
  readonly setReadOnly: (isReadOnly: boolean) => void;
  readonly unmount: () => void;
}

/** Whether this process may mount one: root may, where nobody has taken that right away from root. */
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
      // Whoever still has a file open there keeps it, and nobody finds it any more.
      run('umount', '--lazy', path);
    },
  };
}

/** Leaves not a byte free on the disk that a file is on, by writing to the end of that file. */
export function fillDisk(filler: string): void {
  const file = openSync(filler, 'a');
  try {
    for (let size = 1 << 20; size >= 1; size >>= 1) writeUntilFull(file, Buffer.alloc(size));
  } finally {
    closeSync(file);
  }
}

/** The most writes of one size: a disk that never fills ends the loop too. */
const MOST_WRITES = 4096;

function writeUntilFull(file: number, bytes: Buffer): void {
  for (let count = 0; count < MOST_WRITES; count++) {
    try {
      if (writeSync(file, bytes) < bytes.length) return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return;
      throw error;
    }
  }
}
