import {statSync} from 'node:fs';
import {UniqueIDError} from '../core/errors.js';
import type {Settings} from './settings.js';

/** A file that only its owner may change: the setting that names it, such as `tokens_file`, and its path. */
export interface SecretFile {
  readonly name: string;
  readonly path: string;
  /** False if reading it does no harm. */
  readonly isSecret: boolean;
}

/** The access that other users have to a file, and the remedy. */
interface Exposure {
  readonly isWritable: boolean;
  readonly message: string;
  readonly hint: string;
}

/** Permission bits: writing by the group or by all users; reading by all users. */
const OTHERS_WRITE = 0o022;
const ALL_READ = 0o004;

/** Returns the files of the settings that hold secrets. */
export function secretFiles({tokensFile, tlsKey, databaseUrl}: Settings): SecretFile[] {
  const paths = {tokens_file: tokensFile, tls_key: tlsKey, sslkey: databaseUrl.options.sslkey};
  return Object.entries(paths).flatMap(([name, path]) =>
    path === undefined ? [] : [{name, path, isSecret: true}],
  );
}

/**
 * Rejects a file that users other than its owner may write: they could add a token, or replace a key.
 *
 * @throws UniqueIDError `CONFIG_INVALID`
 */
export function assertOwnerWrites(file: SecretFile): void {
  const exposure = exposureOf(file);
  if (exposure?.isWritable !== true) return;
  throw new UniqueIDError('CONFIG_INVALID', exposure.message, {hint: exposure.hint});
}

/** Describes each file that other users may write, or that every user may read. Skips missing files. */
export function exposureWarnings(files: readonly SecretFile[]): string[] {
  return files.flatMap((file) => {
    const exposure = exposureOf(file);
    return exposure === undefined ? [] : [`${exposure.message} ${exposure.hint}`];
  });
}

/**
 * Follows links: in Kubernetes a secret is a link to the real file. The group may read, because services
 * often get files of root that way; only the owner needs to write.
 */
function exposureOf({name, path, isSecret}: SecretFile): Exposure | undefined {
  const mode = modeOf(path);
  if (mode === undefined) return undefined;
  const shown = `${name} ${path} (mode 0${(mode & 0o777).toString(8)})`;
  if ((mode & OTHERS_WRITE) !== 0)
    return {
      isWritable: true,
      message: `Users other than its owner can write ${shown}.`,
      hint: `Run: chmod go-w ${path}`,
    };
  if (isSecret && (mode & ALL_READ) !== 0)
    return {
      isWritable: false,
      message: `Every user of this machine can read ${shown}.`,
      hint: `Run: chmod o-rwx ${path}, or mount it with mode 0440 and the service's group.`,
    };
  return undefined;
}

/** Returns `undefined` if the file cannot be inspected, or if the system has no such bits. */
function modeOf(path: string): number | undefined {
  if (process.platform === 'win32') return undefined;
  try {
    return statSync(path).mode;
  } catch {
    return undefined;
  }
}
