import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import {header} from './lines.js';

/** Follows no link: another user may have planted it, so that root creates a file of that user. */
const CREATING =
  constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW | constants.O_APPEND | constants.O_RDWR;

/** The owner, the group and the permissions of a file. */
export interface Ownership {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/**
 * Creates a file of marks and returns its descriptor. Gives it an ownership, as far as this user may.
 *
 * @throws Error `EEXIST` if a file or a symbolic link exists at the path
 */
export function createMarks(path: string, ownership: Ownership | undefined): number {
  const descriptor = openSync(path, CREATING, 0o600);
  try {
    if (ownership !== undefined) share(descriptor, ownership);
    writeFileSync(descriptor, header);
    return descriptor;
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

function share(descriptor: number, {uid, gid, mode}: Ownership): void {
  try {
    fchownSync(descriptor, process.geteuid?.() === 0 ? uid : fstatSync(descriptor).uid, gid);
  } catch {
    // A user who is not in the group creates a file without it.
  }
  fchmodSync(descriptor, mode & 0o666);
}

/** Puts a new file in the place of another one, which is kept under a name with `suffix`. */
export function replaceMarks(path: string, replacement: string, suffix: string): void {
  rmSync(path + suffix, {force: true});
  linkSync(path, path + suffix);
  renameSync(replacement, path);
}
