import {readFileSync} from 'node:fs';
import {homedir} from 'node:os';
import {join} from 'node:path';
import {UniqueIDError} from '../errors.js';
import {resolveConfig, type Config, type ConfigFile} from './resolve.js';

/** What a command line says about configuration, by the flags' long names. */
export type ConfigFlags = Readonly<Record<string, string | undefined>>;

/**
 * Finds the two configuration files, reads them, and resolves every setting. A file that was named must be
 * there; the ones in `~/.pacifica-uniqueid` may be missing.
 *
 * @throws UniqueIDError `CONFIG_INVALID`
 */
export function loadConfig(flags: ConfigFlags, env: NodeJS.ProcessEnv): Config {
  return resolveConfig({
    flags,
    env,
    service: findFile(flags['config'], env, 'UNIQUEID_CONFIG', 'config.ini', '--config'),
    server: findFile(flags['cpconfig'], env, 'UNIQUEID_CPCONFIG', 'cpconfig.ini', '--cpconfig'),
  });
}

function findFile(
  named: string | undefined,
  env: NodeJS.ProcessEnv,
  variable: string,
  usual: string,
  flag: string,
): ConfigFile | undefined {
  const fromEnv = env[variable] === '' ? undefined : env[variable];
  const explicit = named ?? fromEnv;
  const path = explicit ?? join(homedir(), '.pacifica-uniqueid', usual);
  try {
    return {path, content: readFileSync(path, 'utf8')};
  } catch (error) {
    if (explicit === undefined && (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    const origin =
      explicit === undefined
        ? 'the usual place'
        : named === undefined
          ? `environment ${variable}`
          : `flag ${flag}`;
    throw new UniqueIDError(
      'CONFIG_INVALID',
      `The configuration file ${path} (${origin}) cannot be read: ${reason(error)}.`,
      {
        hint: 'Correct the path, or let the user that runs UniqueID read the file.',
      },
    );
  }
}

function reason(error: unknown): string {
  const {code} = error as NodeJS.ErrnoException;
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'it does not exist',
    EISDIR: 'it is a folder',
    EACCES: 'permission is denied',
    ENOTDIR: 'a part of its path is not a folder',
  };
  return reasons[code ?? ''] ?? String(code);
}
