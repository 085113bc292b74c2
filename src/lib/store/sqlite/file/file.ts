import {accessSync, constants, statSync} from 'node:fs';

/** What tells one file from another, whatever their names; `undefined` where there is none. */
export function fileIdentity(path: string): string | undefined {
  const stats = statSync(path, {bigint: true, throwIfNoEntry: false});
  return stats === undefined ? undefined : `${stats.dev} ${stats.ino}`;
}

/** Another name means another write-ahead log: whoever opens the file by it sees none of our newest commits. */
export function nameWarnings(path: string): string[] {
  const names = statSync(path, {throwIfNoEntry: false})?.nlink ?? 1;
  if (names <= 1) return [];
  return [
    `The file has ${names} names (hard links): if another program opens it by another name, integers are issued twice. Keep one name; back up with "VACUUM INTO".`,
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

/** The file and its write-ahead log. */
export function sizeOnDisk(path: string): number {
  return ['', '-wal'].reduce(
    (sum, suffix) => sum + (statSync(path + suffix, {throwIfNoEntry: false})?.size ?? 0),
    0,
  );
}
