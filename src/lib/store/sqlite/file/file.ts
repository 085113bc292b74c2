import {accessSync, constants, statSync} from 'node:fs';

/** Returns a key that identifies a file, whatever its name; `undefined` if the file does not exist. */
export function fileIdentity(path: string): string | undefined {
  const stats = statSync(path, {bigint: true, throwIfNoEntry: false});
  return stats === undefined ? undefined : `${stats.dev} ${stats.ino}`;
}

/** Warns of hard links: each name has its own WAL, so a program with another name misses new commits. */
export function nameWarnings(path: string): string[] {
  const nameCount = statSync(path, {throwIfNoEntry: false})?.nlink ?? 1;
  if (nameCount <= 1) return [];
  return [
    `The file has ${nameCount} names (hard links): ` +
      'if another program opens it by another name, integers are issued twice. ' +
      'Keep one name; back up with "VACUUM INTO".',
  ];
}

export function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Returns the size of the file and its WAL in bytes. */
export function sizeOnDisk(path: string): number {
  return ['', '-wal'].reduce(
    (sum, suffix) => sum + (statSync(path + suffix, {throwIfNoEntry: false})?.size ?? 0),
    0,
  );
}
