import {loadConfig} from '../../lib/config/load.js';
import {openStore} from '../../lib/store/open.js';
import {visible} from '../../lib/util/text/visible.js';
import {withStore} from '../database/connect.js';
import {catchCrashes, endProcess} from '../process/end-process.js';
import {reportError} from '../process/report-error.js';
import {printExact} from '../process/stdout.js';
import {helpTopics} from '../help/topics.js';
import {findCommand, findFlag, readManifest, type Manifest, type ManifestFlag} from '../oclif/manifest.js';
import {shells} from './scripts.js';

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

/** A word that may come next, and what it means. */
interface Candidate {
  readonly word: string;
  readonly description?: string | undefined;
}

/** Prints one candidate per line, followed by a tab and its description if it has one. */
async function printCandidates(words: readonly string[]): Promise<void> {
  const {parts, prefix} = splitLastFlag(words);
  const current = parts.at(-1) ?? '';
  for (const {word, description} of await candidatesFor(parts, readManifest())) {
    if (!word.startsWith(current)) continue;
    printExact(`${prefix}${word}${description === undefined ? '' : `\t${description}`}\n`);
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

async function candidatesFor(words: readonly string[], manifest: Manifest): Promise<readonly Candidate[]> {
  const [command = '', ...rest] = words;
  if (words.length <= 1)
    return [...commandCandidates(manifest), helpFlag, {word: '--version', description: 'Print the version'}];
  if (command === 'help') return rest.length > 1 ? [] : [...commandCandidates(manifest), ...topicCandidates];
  if (command === 'completion' && rest.length === 1) return shells.map((word) => ({word}));
  const flagTable = findCommand(manifest, command);
  if (flagTable === undefined) return [];
  const flags = Object.values(flagTable.flags);
  const current = rest.at(-1) ?? '';
  const previousFlag = findFlag(rest.at(-2) ?? '', flags);
  if (previousFlag?.type === 'option') return candidateValues(previousFlag, rest);
  if (!current.startsWith('-')) return [];
  const used = new Set(rest.slice(0, -1).map((word) => findFlag(word, flags)?.name));
  return [
    ...flags
      .filter(({name, multiple}) => multiple === true || !used.has(name))
      .map(({name, summary}) => ({word: `--${name}`, description: describe(summary)})),
    helpFlag,
  ];
}

const helpFlag: Candidate = {word: '--help', description: 'Show help'};

const topicCandidates: readonly Candidate[] = Object.entries(helpTopics).map(([word, {summary}]) => ({
  word,
  description: describe(summary),
}));

function commandCandidates({commands}: Manifest): readonly Candidate[] {
  return Object.entries(commands).map(([word, {summary}]) => ({word, description: describe(summary)}));
}

/** Returns a summary as one short phrase. */
function describe(summary: string | undefined): string | undefined {
  return summary?.replace(/\.$/, '').replaceAll(/\s+/g, ' ');
}

/** Returns no values for a file or an unknown value, because the shell then offers files. */
async function candidateValues(
  {name, options}: ManifestFlag,
  words: readonly string[],
): Promise<readonly Candidate[]> {
  const values = options ?? (name === 'mode' || name === 'after' ? await readModes(words) : []);
  return values.map((word) => ({word}));
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
