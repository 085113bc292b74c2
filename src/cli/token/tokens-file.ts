import {
  closeSync,
  existsSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import {dirname} from 'node:path';
import {UniqueIDError} from '../../lib/core/errors.js';
import {parseTokens, readTokensFile, Tokens} from '../../lib/server/http/tokens.js';

/** Only the owner reads and writes. */
const NEW_FILE_MODE = 0o600;

/**
 * Appends a section to a tokens file, or makes the file. Readers see the old file or the new one, never a
 * part of it. The draft is checked as the service reads it, synced and renamed; owner and permissions stay.
 *
 * @param name the holder that the section names
 * @returns true if the file is new
 * @throws UniqueIDError `REJECTED` for a name that the file has; `CONFIG_INVALID` for a file that is not a
 *   tokens file or cannot be written
 */
export function appendSection(path: string, name: string, section: string): boolean {
  const target = resolveLink(path);
  const draft = `${target}.new`;
  const descriptor = openDraft(draft, path);
  let isDraftMine = true;
  try {
    // The draft is also a lock: two commands that read the same file would lose one section.
    const isNew = !existsSync(target);
    const text = isNew ? '' : readTokensFile(target);
    if (parseTokens(text, path).some((entry) => entry.name === name)) throw duplicateError(path, name);
    const joined = joinSections(text, section);
    parseTokens(joined, path);
    writing(path, () => {
      writeFileSync(descriptor, joined);
      copyOwner(target, descriptor, isNew);
      fsyncSync(descriptor);
    });
    // Reads the draft as the service will read the file.
    new Tokens(draft);
    writing(path, () => {
      renameSync(draft, target);
    });
    isDraftMine = false;
    syncFolder(dirname(target));
    return isNew;
  } finally {
    closeSync(descriptor);
    if (isDraftMine) rmSync(draft, {force: true});
  }
}

/** Follows links, so that a link to the file stays one. */
function resolveLink(path: string): string {
  return writing(path, () => {
    const isLink = lstatSync(path, {throwIfNoEntry: false})?.isSymbolicLink() === true;
    return isLink ? realpathSync(path) : path;
  });
}

function openDraft(draft: string, path: string): number {
  return writing(path, () => {
    try {
      return openSync(draft, 'wx', NEW_FILE_MODE);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      throw new UniqueIDError('REJECTED', `Another command is changing ${path}: ${draft} exists.`, {
        hint: `Wait for it. If none runs, an earlier one was killed; remove ${draft}.`,
      });
    }
  });
}

/** Separates sections by an empty line. */
function joinSections(text: string, section: string): string {
  if (text === '') return section;
  return `${text}${text.endsWith('\n') ? '' : '\n'}\n${section}`;
}

/** Gives the draft the owner and the permissions of the file that it replaces. */
function copyOwner(target: string, descriptor: number, isNew: boolean): void {
  if (isNew) {
    // The umask may have removed a permission.
    fchmodSync(descriptor, NEW_FILE_MODE);
    return;
  }
  const {uid, gid, mode} = statSync(target);
  const own = fstatSync(descriptor);
  if (own.uid !== uid || own.gid !== gid) fchownSync(descriptor, uid, gid);
  // Last, because a change of the owner clears bits.
  fchmodSync(descriptor, mode & 0o7777);
}

/** Makes the rename survive a power loss, if the system can sync a folder. */
function syncFolder(folder: string): void {
  try {
    const descriptor = openSync(folder, 'r');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    // The file is written; after a power loss the old one may be back.
  }
}

function duplicateError(path: string, name: string): UniqueIDError {
  return new UniqueIDError('REJECTED', `${path} already has a section [${name}]; nothing was changed.`, {
    hint: 'Choose another name, or remove that section first.',
  });
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EDQUOT: 'the quota is used up',
  ENOENT: 'no such folder',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'part of its path is not a folder',
  EPERM: 'its owner cannot be kept',
  EROFS: 'the file system is read-only',
};

/** @throws UniqueIDError `CONFIG_INVALID` for an error of the file system */
function writing<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof UniqueIDError) throw error;
    const {code = 'unknown'} = error as NodeJS.ErrnoException;
    throw new UniqueIDError('CONFIG_INVALID', `Cannot write tokens_file ${path}: ${reasons[code] ?? code}.`, {
      cause: error,
      hint: 'Run it as the owner of the file, in a folder that this user can write.',
    });
  }
}
