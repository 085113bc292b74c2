import {findCommand, findFlag, type Manifest, type ManifestCommand} from './manifest.js';

const versionFlags = ['--version', '-v', '-V'];

/**
 * Rewrites the spellings of help and version that many programs accept:
 *
 * - `-v` and `--version` become `version`, and so does `getid --version`
 * - `-h` becomes `--help`, unless it is the value of a flag
 * - `help getid` becomes `getid --help`; with `--json`, both forms become `help getid --json`
 */
export function normalizeCommandLine(argv: readonly string[], manifest: Manifest): readonly string[] {
  const [first = '', second = '', ...rest] = argv;
  if (versionFlags.includes(first)) return ['version', ...argv.slice(1)];
  if (first === '--json' && versionFlags.includes(second)) return ['version', first, ...rest];
  const command = findCommand(manifest, first);
  if (command !== undefined && second === '--version' && rest.length === 0) return ['version'];
  const words = expandHelpFlag(argv, command);
  if (first === 'help') return normalizeHelp(words.slice(1), manifest);
  const isHelp = beforeDashes(words).includes('--help');
  if (!isHelp || !beforeDashes(words).includes('--json')) return words;
  return ['help', ...(command === undefined ? [] : [first]), '--json'];
}

/** @param words the words after `help` */
function normalizeHelp(words: readonly string[], manifest: Manifest): readonly string[] {
  const [subject = ''] = words;
  if (subject === '--help') return ['help', '--help'];
  const isKnown = subject === '' || subject.startsWith('-') || findCommand(manifest, subject) !== undefined;
  if (words.includes('--json') || !isKnown) return ['help', ...words];
  return [...words, '--help'];
}

function expandHelpFlag(words: readonly string[], command: ManifestCommand | undefined): readonly string[] {
  const flags = Object.values(command?.flags ?? {});
  if (findFlag('-h', flags) !== undefined) return words;
  const last = beforeDashes(words).length;
  return words.map((word, index) => {
    const flag = findFlag(words[index - 1] ?? '', flags);
    const isValue = flag?.type === 'option' && flag.helpValue?.startsWith('[') !== true;
    return word === '-h' && index < last && !isValue ? '--help' : word;
  });
}

/** Returns the words before `--`, after which no word is a flag. */
function beforeDashes(words: readonly string[]): readonly string[] {
  const end = words.indexOf('--');
  return end < 0 ? words : words.slice(0, end);
}
