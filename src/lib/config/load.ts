import {homedir} from 'node:os';
import {join} from 'node:path';
import {UniqueIDError} from '../core/errors.js';
import {READ_HINT, readText, UnreadableFile} from '../util/read-file.js';
import {assertKnownVariables} from './environment.js';
import {resolveConfig, type Config, type ConfigFile} from './resolve.js';
import {assertOwnerWrites} from './secret-files.js';

/** The flags of a command line that concern configuration, by their long names. */
export type ConfigFlags = Readonly<Record<string, string | undefined>>;

/**
 * Rejects misspelt variables, reads the two configuration files and resolves every setting. A file that a
 * flag or variable names must exist; the ones in `~/.pacifica-uniqueid` may be missing.
 *
 * @throws UniqueIDError `CONFIG_INVALID`
 */
export function loadConfig(flags: ConfigFlags, env: NodeJS.ProcessEnv): Config {
  assertKnownVariables(env);
  const config = resolveConfig({
    flags,
    env,
    configFile: findFile(flags['config'], env, 'UNIQUEID_CONFIG', 'config.ini', '--config'),
    cherryPyFile: findFile(flags['cpconfig'], env, 'UNIQUEID_CPCONFIG', 'cpconfig.ini', '--cpconfig'),
  });
  for (const file of config.files) assertOwnerWrites(file);
  return config;
}

function findFile(
  named: string | undefined,
  env: NodeJS.ProcessEnv,
  variable: string,
  defaultName: string,
  flag: string,
): ConfigFile | undefined {
  const fromEnv = env[variable] === '' ? undefined : env[variable];
  const explicit = named ?? fromEnv;
  const path = explicit ?? join(homedir(), '.pacifica-uniqueid', defaultName);
  try {
    return {path, content: readText(path)};
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    if (explicit === undefined && error.isMissing) return undefined;
    const kind = flag === '--config' ? 'config file' : 'CherryPy file';
    const origin =
      explicit === undefined ? 'default location' : `from ${named === undefined ? variable : flag}`;
    throw new UniqueIDError(
      'CONFIG_INVALID',
      `Cannot read the ${kind} ${path} (${origin}): ${error.message}.`,
      {
        cause: error,
        hint: READ_HINT,
      },
    );
  }
}
