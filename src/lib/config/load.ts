import {homedir} from 'node:os';
import {join, resolve} from 'node:path';
import {UniqueIDError} from '../core/errors.js';
import {READ_HINT, readText, UnreadableFile} from '../util/read-file.js';
import {redactMessage} from '../util/text/redact.js';
import {assertKnownVariables} from './environment.js';
import {resolveConfig, type Config, type ConfigFile, type FileSearch} from './resolve.js';
import {assertOwnerWrites} from './secret-files.js';

/** The flags of a command line that concern configuration, by their long names. */
export type ConfigFlags = Readonly<Record<string, string | undefined>>;

/** The flag, variable and default name of a file. */
interface FileNames {
  readonly kind: string;
  readonly flag: 'config' | 'cpconfig';
  readonly variable: string;
  readonly name: string;
}

const configNames: FileNames = {
  kind: 'config file',
  flag: 'config',
  variable: 'UNIQUEID_CONFIG',
  name: 'config.ini',
};
const cherryPyNames: FileNames = {
  kind: 'CherryPy file',
  flag: 'cpconfig',
  variable: 'UNIQUEID_CPCONFIG',
  name: 'cpconfig.ini',
};

/** The folder that all users of a server share. */
const SYSTEM_FOLDER = '/etc/uniqueid';

/** Windows has no such folder, and there every user could create it. */
const defaultFolders = (): readonly string[] => [
  join(homedir(), '.pacifica-uniqueid'),
  ...(process.platform === 'win32' ? [] : [SYSTEM_FOLDER]),
];

/**
 * Rejects misspelt variables, reads the two configuration files and resolves every setting. A file that a
 * flag or variable names must exist. Without one, the first folder that has the file supplies it.
 *
 * @throws UniqueIDError `CONFIG_INVALID`
 */
export function loadConfig(
  flags: ConfigFlags,
  env: NodeJS.ProcessEnv,
  folders: readonly string[] = defaultFolders(),
): Config {
  assertKnownVariables(env);
  const configFile = findFile(configNames, flags, env, folders);
  const cherryPyFile = findFile(cherryPyNames, flags, env, folders);
  const config = resolveConfig({
    flags,
    env,
    configFile: configFile.file,
    cherryPyFile: cherryPyFile.file,
    searches: [configFile.search, cherryPyFile.search],
  });
  for (const file of config.files) assertOwnerWrites(file);
  return config;
}

interface Found {
  readonly file: ConfigFile | undefined;
  readonly search: FileSearch;
}

function findFile(
  {kind, flag, variable, name}: FileNames,
  flags: ConfigFlags,
  env: NodeJS.ProcessEnv,
  folders: readonly string[],
): Found {
  const fromEnv = env[variable] === '' ? undefined : env[variable];
  const explicit = flags[flag] ?? fromEnv;
  if (explicit !== undefined) {
    const origin = `from ${flags[flag] === undefined ? variable : `--${flag}`}`;
    const file = readConfigFile(explicit, kind, origin, READ_HINT);
    const used = resolve(explicit);
    return {file, search: {kind, used, searched: [used]}};
  }
  const searched: string[] = [];
  for (const folder of folders) {
    const path = join(folder, name);
    searched.push(path);
    const hint = `Let the user of this command read it, or name another file by --${flag} or ${variable}.`;
    const file = readConfigFile(path, kind, undefined, hint);
    if (file !== undefined) return {file, search: {kind, used: path, searched}};
  }
  return {file: undefined, search: {kind, used: undefined, searched}};
}

/**
 * @param origin the flag or variable that names the file; without one, the file may be missing
 * @throws UniqueIDError `CONFIG_INVALID`
 */
function readConfigFile(
  path: string,
  kind: string,
  origin: string | undefined,
  hint: string,
): ConfigFile | undefined {
  try {
    return {path, content: readText(path)};
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    if (origin === undefined && error.isMissing) return undefined;
    // A URL typed in place of a path may hold a password.
    const shown = path.includes('://') ? redactMessage(path) : path;
    throw new UniqueIDError(
      'CONFIG_INVALID',
      `Cannot read the ${kind} ${shown} (${origin ?? 'default location'}): ${error.message}.`,
      {cause: error, hint},
    );
  }
}
