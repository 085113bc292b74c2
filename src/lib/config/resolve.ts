import {UniqueIDError} from '../core/errors.js';
import {nearest} from '../util/text/nearest-word.js';
import {parsePythonIni, type IniFile, type IniValue} from './python/ini.js';
import {parsePythonLiteral} from './python/literal.js';
import {InvalidValue} from './parsers.js';
import {isServiceVariable} from './environment.js';
import {hasPassword} from './database-url.js';
import type {SecretFile} from './secret-files.js';
import {settings, type Setting, type SettingName, type Settings} from './settings.js';
import {quoteTyped} from '../util/text/redact.js';

/** A configuration file: its name for errors, and its text. */
export interface ConfigFile {
  readonly path: string;
  readonly content: string;
}

/** The search for one of the two files. */
export interface FileSearch {
  /** `config file` or `CherryPy file`. */
  readonly kind: string;
  /** The path of the file that was read; `undefined` without one. */
  readonly used: string | undefined;
  /** The paths in the order of the search; none follows the used one. */
  readonly searched: readonly string[];
}

/** All sources of settings. */
export interface ConfigSources {
  /** The values of flags, by their long names. */
  readonly flags: Readonly<Record<string, string | undefined>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly configFile?: ConfigFile | undefined;
  readonly cherryPyFile?: ConfigFile | undefined;
  /** How the files were found. */
  readonly searches?: readonly FileSearch[];
}

/** Every setting with its origin, and remarks about entries without effect. */
export interface Config {
  readonly settings: Settings;
  /** The origin of each value, for people: `flag --port`, `config.ini:3`, `default`. */
  readonly origins: Readonly<Record<SettingName, string>>;
  /** Each value as it was written; that of the database URL includes its password. */
  readonly texts: Readonly<Record<SettingName, string>>;
  /** Sentences for the log, such as one per key of CherryPy that has no effect here. */
  readonly remarks: readonly string[];
  /** The config file, if it holds a password or names the tokens file. */
  readonly files: readonly SecretFile[];
  readonly searches: readonly FileSearch[];
}

interface Found {
  readonly text: string;
  readonly origin: string;
  /** The setting and its place, as the beginning of an error message. */
  readonly subject: string;
}

/** Sections of the CherryPy file that apply to the whole application; the first one that sets a key wins. */
const cherryPySections = ['/', 'global'];

/**
 * Resolves each setting: flag, then environment, then file, then default. Pure: reads nothing but `sources`.
 *
 * @throws UniqueIDError `CONFIG_INVALID` with file, line, key and the allowed values
 */
export function resolveConfig(sources: ConfigSources): Config {
  const configFile = parseFile(sources.configFile);
  const cherryPyFile = parseFile(sources.cherryPyFile);
  if (sources.configFile !== undefined) assertConfigFile(configFile, sources.configFile.path);
  if (sources.cherryPyFile !== undefined) assertCherryPyFile(cherryPyFile, sources.cherryPyFile.path);
  const values: Partial<Record<SettingName, unknown>> = {};
  const origins: Partial<Record<SettingName, string>> = {};
  const texts: Partial<Record<SettingName, string>> = {};
  for (const [name, setting] of Object.entries(settings) as [SettingName, Setting][]) {
    const found =
      fromFlag(setting, sources) ??
      fromEnvironment(setting, sources) ??
      (setting.file === 'config'
        ? fromConfigFile(setting, configFile, sources.configFile?.path)
        : fromCherryPyFile(setting, cherryPyFile, sources.cherryPyFile?.path)) ??
      ({text: setting.default, origin: 'default', subject: setting.key} satisfies Found);
    values[name] = parseValue(setting, found);
    origins[name] = found.origin;
    texts[name] = found.text;
  }
  return {
    settings: values as Settings,
    origins: origins as Record<SettingName, string>,
    texts: texts as Record<SettingName, string>,
    remarks:
      sources.cherryPyFile === undefined ? [] : keysWithoutEffect(cherryPyFile, sources.cherryPyFile.path),
    files: sources.configFile === undefined ? [] : guardedFile(configFile, sources.configFile.path),
    searches: sources.searches ?? [],
  };
}

/** Returns the config file if it needs protection: even an overridden password is a secret. */
function guardedFile(file: IniFile, path: string): readonly SecretFile[] {
  const isSecret = hasPassword(file.get(settings.databaseUrl.section)?.get(settings.databaseUrl.key)?.text);
  const tokensFile = file.get(settings.tokensFile.section)?.get(settings.tokensFile.key)?.text ?? '';
  return isSecret || tokensFile !== '' ? [{name: 'the config file', path, isSecret}] : [];
}

function parseFile(file: ConfigFile | undefined): IniFile {
  return file === undefined ? new Map() : parsePythonIni(file.content, file.path);
}

function fromFlag({flag}: Setting, {flags}: ConfigSources): Found | undefined {
  const text = flag === undefined ? undefined : flags[flag];
  return text === undefined ? undefined : {text, origin: `flag --${flag}`, subject: `--${flag}`};
}

function fromEnvironment({env: name}: Setting, {env}: ConfigSources): Found | undefined {
  const text = env[name];
  // Kubernetes sets UNIQUEID_PORT=tcp://… in every pod if a Service has that name; it is not our setting.
  if (text === undefined || text === '' || isServiceVariable(name, text)) return undefined;
  return {text, origin: `environment ${name}`, subject: name};
}

function fromConfigFile({section, key}: Setting, file: IniFile, path = ''): Found | undefined {
  const value = file.get(section)?.get(key);
  return value === undefined ? undefined : inFile(value.text, `${path}:${value.line}`, section, key);
}

function fromCherryPyFile({key}: Setting, file: IniFile, path = ''): Found | undefined {
  for (const section of cherryPySections) {
    const value = file.get(section)?.get(key);
    if (value !== undefined) return inFile(plainText(value.text), `${path}:${value.line}`, section, key);
  }
  return undefined;
}

function inFile(text: string, origin: string, section: string, key: string): Found {
  return {text, origin, subject: `${origin}: ${key} in [${section}]`};
}

/** Returns the content of a quoted text; the values of CherryPy are Python source. */
function plainText(source: string): string {
  const literal = parsePythonLiteral(source);
  if (literal === null) return '';
  return typeof literal === 'string' ? literal : source;
}

function parseValue(setting: Setting, {text, origin, subject}: Found): unknown {
  try {
    return setting.parse(text);
  } catch (error) {
    if (error instanceof InvalidValue) {
      throw new UniqueIDError(
        'CONFIG_INVALID',
        `${subject} must be ${error.allowed}, not ${quoteTyped(text)}.`,
        {
          hint:
            'Correct it, or omit it for the default ' +
            `(${setting.default === '' ? 'none' : setting.default}).`,
        },
      );
    }
    if (error instanceof UniqueIDError) {
      throw new UniqueIDError(
        'CONFIG_INVALID',
        `${subject}: ${error.message}`,
        error.hint === undefined ? {} : {hint: error.hint},
      );
    }
    throw new Error(`cannot parse the setting from ${origin}`, {cause: error});
  }
}

/** Rejects misspelt keys and sections: ignoring a misspelt database would start a new counter at 0. */
function assertConfigFile(file: IniFile, path: string): void {
  const known = new Map<string, string[]>();
  for (const {file: kind, section, key} of Object.values(settings)) {
    if (kind === 'config') known.set(section, [...(known.get(section) ?? []), key]);
  }
  for (const [section, values] of file) {
    const keys = known.get(section);
    if (keys !== undefined) {
      for (const [key, value] of values)
        if (!keys.includes(key)) throw unknownKey(path, section, key, value, keys);
      continue;
    }
    const place = placeOf(values, path);
    if (section === 'global' || section === '/') {
      throw new UniqueIDError('CONFIG_INVALID', `${place}: [${section}] belongs in the CherryPy file.`, {
        hint:
          'Pass the CherryPy file with --cpconfig (or UNIQUEID_CPCONFIG), and the config file with ' +
          '--config.',
      });
    }
    // No section of another program has a key of the database.
    const isDatabase = known.get('database')?.some((key) => values.has(key)) === true;
    const suggestion = isDatabase ? 'database' : nearest(section, known.keys());
    if (suggestion !== undefined) {
      throw new UniqueIDError('CONFIG_INVALID', `${place}: unknown section [${section}].`, {
        hint: `Did you mean [${suggestion}]?`,
      });
    }
  }
}

/** Rejects our own sections in the CherryPy file: ignoring them would serve another database silently. */
function assertCherryPyFile(file: IniFile, path: string): void {
  const sections = new Set<string>(
    Object.values(settings).flatMap(({file: kind, section}) => (kind === 'config' ? [section] : [])),
  );
  for (const [section, values] of file) {
    if (!sections.has(section)) continue;
    throw new UniqueIDError(
      'CONFIG_INVALID',
      `${placeOf(values, path)}: [${section}] belongs in the config file, not in the CherryPy file.`,
      {
        hint: 'Pass the config file with --config (or UNIQUEID_CONFIG), the CherryPy file with --cpconfig.',
      },
    );
  }
}

/** Returns the path and the first line with a key of the section, which is near its header. */
function placeOf(values: ReadonlyMap<string, IniValue>, path: string): string {
  const line = Math.min(...Array.from(values.values(), (value) => value.line));
  return Number.isFinite(line) ? `${path}:${line}` : path;
}

function unknownKey(
  path: string,
  section: string,
  key: string,
  {line}: IniValue,
  known: readonly string[],
): UniqueIDError {
  const suggestion = nearest(key, known);
  return new UniqueIDError('CONFIG_INVALID', `${path}:${line}: unknown key "${key}" in [${section}].`, {
    hint:
      (suggestion === undefined ? '' : `Did you mean "${suggestion}"? `) + `Known keys: ${known.join(', ')}.`,
  });
}

function keysWithoutEffect(cherryPyFile: IniFile, path: string): readonly string[] {
  const known = new Set<string>(Object.values(settings).map(({key}) => key));
  return Array.from(cherryPyFile).flatMap(([section, values]) =>
    Array.from(values.entries())
      .filter(([key]) => !known.has(key) || !cherryPySections.includes(section))
      .map(([key, {line}]) => `${path}:${line}: ${key} in [${section}] has no effect in UniqueID.`),
  );
}
