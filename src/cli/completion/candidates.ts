import {createRequire} from 'node:module';
import {loadConfig} from '../../lib/config/load.js';
import {openStore} from '../../lib/store/open.js';
import {visible} from '../../lib/util/visible.js';
import {withStore} from '../database/connect.js';
import {catchCrashes, endProcess} from '../process/end-process.js';
import {reportError} from '../process/report-error.js';
import {printExact} from '../process/stdout.js';
import {shells} from './scripts.js';

/** The part of oclif's manifest that completion reads. */
interface Manifest {
  readonly commands: Readonly<Record<string, {readonly flags: Readonly<Record<string, ManifestFlag>>}>>;
}

interface ManifestFlag {
  readonly name: string;
  readonly char?: string;
  readonly type: 'boolean' | 'option';
  readonly options?: readonly string[];
  readonly multiple?: boolean;
}

/** Bounds of one Tab: a person waits for the candidates. */
const MAX_MODES = 1000;
const TIMEOUT_MS = 1500;

/** Prints the candidates for the last word and ends the process. A shell runs this on each Tab. */
export async function runCompletion(words: readonly string[]): Promise<never> {
  catchCrashes();
  try {
    await printCandidates(words);
  } catch (error) {
    reportError(error, false);
  }
  return endProcess();
}

async function printCandidates(words: readonly string[]): Promise<void> {
  const {commands} = createRequire(import.meta.url)('uniqueid/oclif.manifest.json') as Manifest;
  const {parts, prefix} = splitLastFlag(words);
  const current = parts.at(-1) ?? '';
  for (const candidate of await candidatesFor(parts, commands)) {
    if (candidate.startsWith(current)) printExact(`${prefix}${candidate}\n`);
  }
}

/**
 * Splits `--mode=fi` into flag and value; bash passes it as three words, the other shells as one.
 *
 * @returns the words, and the text that the shell expects before each candidate
 */
function splitLastFlag(words: readonly string[]): {parts: readonly string[]; prefix: string} {
  const parts = words.filter((word, index) => !(word === '=' && words[index - 1]?.startsWith('--')));
  const [, flag, value] = /^(--[^=]+)=(.*)$/.exec(parts.at(-1) ?? '') ?? [];
  if (flag === undefined || value === undefined) return {parts, prefix: ''};
  return {parts: [...parts.slice(0, -1), flag, value], prefix: `${flag}=`};
}

async function candidatesFor(
  words: readonly string[],
  commands: Manifest['commands'],
): Promise<readonly string[]> {
  const [command = '', ...rest] = words;
  if (words.length <= 1) return [...Object.keys(commands), 'help', '--help', '--version'];
  if (command === 'help') return Object.keys(commands);
  if (command === 'completion' && words.length === 2) return [...shells];
  const flagTable = Object.hasOwn(commands, command) ? commands[command] : undefined;
  if (flagTable === undefined) return [];
  const flags = Object.values(flagTable.flags);
  const current = rest.at(-1) ?? '';
  const previousFlag = findFlag(rest.at(-2) ?? '', flags);
  if (previousFlag?.type === 'option') return candidateValues(previousFlag, rest);
  if (!current.startsWith('-')) return [];
  const used = new Set(rest.slice(0, -1).map((word) => findFlag(word, flags)?.name));
  return [
    ...flags.filter(({name, multiple}) => multiple === true || !used.has(name)).map(({name}) => `--${name}`),
    '--help',
  ];
}

function findFlag(word: string, flags: readonly ManifestFlag[]): ManifestFlag | undefined {
  return flags.find(({name, char}) => word === `--${name}` || (char !== undefined && word === `-${char}`));
}

/** Returns no values for a file or an unknown value, because the shell then offers files. */
async function candidateValues(
  {name, options}: ManifestFlag,
  words: readonly string[],
): Promise<readonly string[]> {
  if (options !== undefined) return options;
  return name === 'mode' || name === 'after' ? readModes(words) : [];
}

/**
 * Reads the modes of the database that the typed flags name; returns none if that fails or takes too long.
 */
async function readModes(words: readonly string[]): Promise<readonly string[]> {
  const valueAfter = (...names: string[]): string | undefined =>
    words[words.findIndex((word) => names.includes(word)) + 1 || words.length];
  const timeout = setTimeout(() => process.exit(0), TIMEOUT_MS);
  try {
    const {settings} = loadConfig(
      {config: valueAfter('-c', '--config'), database: valueAfter('--database')},
      process.env,
    );
    const opening = openStore(settings.databaseUrl, {readOnly: true});
    const counters = await withStore(opening, (store) => store.counters({limit: MAX_MODES}));
    // A shell prints candidates raw and splits them at line breaks, so a mode with hidden characters is left
    // out.
    return counters.map(({mode}) => mode).filter((mode) => mode === visible(mode));
  } catch {
    return [];
  } finally {
    clearTimeout(timeout);
  }
}
