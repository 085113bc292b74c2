import {accessSync, constants, realpathSync} from 'node:fs';
import {homedir} from 'node:os';
import {basename, dirname, join} from 'node:path';
import {absolutePath} from '../../config/database-url.js';
import type {Settings} from '../../config/settings.js';

/** The folder that packages and the systemd unit create. */
const SYSTEM_FOLDER = '/var/lib/uniqueid';

/** The file of marks of a configuration; `undefined` if `guard_file` is `none`. */
export function guardFilePath(
  {guardFile, databaseUrl}: Pick<Settings, 'guardFile' | 'databaseUrl'>,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  if (guardFile === 'none') return undefined;
  if (guardFile !== undefined) return guardFile;
  if (databaseUrl.kind === 'sqlite') return `${realPath(absolutePath(databaseUrl.database))}-issued`;
  return join(stateFolder(env), 'issued');
}

/** Returns the path without symbolic links, as SQLite places its own files; all names share one file. */
function realPath(path: string): string {
  for (const [known, rest] of [
    [path, ''],
    [dirname(path), `/${basename(path)}`],
  ] as const)
    try {
      return realpathSync(known) + rest;
    } catch {
      // Does not exist yet.
    }
  return path;
}

function stateFolder(env: Readonly<Record<string, string | undefined>>): string {
  // systemd separates several folders by colons.
  const given = env['STATE_DIRECTORY']?.split(':')[0] ?? '';
  if (given !== '') return given;
  if (isWritableFolder(SYSTEM_FOLDER)) return SYSTEM_FOLDER;
  const state = env['XDG_STATE_HOME'] ?? '';
  return join(state.startsWith('/') ? state : join(homedir(), '.local', 'state'), 'uniqueid');
}

function isWritableFolder(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
