import {getidFlags, getidSwitches, globalFlags, type GetidOptions} from './flags.js';

/** The flags that this parser accepts: their names by each spelling. */
const flagNames = new Map(
  Object.entries({...globalFlags, ...getidFlags}).flatMap(([name, flag]) =>
    'isFast' in flag
      ? [`--${name}`, ...('char' in flag ? [`-${flag.char}`] : [])].map((word) => [word, name])
      : [],
  ) as [string, string][],
);

const switchNames = new Set(['json', ...Object.keys(getidSwitches)].map((name) => `--${name}`));

/**
 * Parses a plain `getid`, as scripts write it, because loading oclif takes longer than the allocation. Any
 * other command line is left to oclif, which handles every spelling of a flag, and every mistake.
 *
 * @returns `undefined` for any command line that is not plain; never a guess
 */
export function parseFastArguments([command, ...words]: readonly string[]):
  (GetidOptions & {readonly mode: string}) | undefined {
  if (command !== 'getid') return undefined;
  const values: Record<string, string> = {};
  const switches = new Set<string>();
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? '';
    if (switchNames.has(word) && !switches.has(word)) {
      switches.add(word);
      continue;
    }
    const equals = word.startsWith('--') ? word.indexOf('=') : -1;
    const flag = equals < 0 ? word : word.slice(0, equals);
    const value = equals < 0 ? words[++index] : word.slice(equals + 1);
    const name = flagNames.get(flag);
    if (name === undefined || value === undefined || value === '' || value.startsWith('-')) return undefined;
    if (values[name] !== undefined) return undefined;
    values[name] = value;
  }
  const {mode, range = getidFlags.range.default, config, database, server, timeout} = values;
  const {options, default: defaultFormat} = getidFlags.format;
  const format = options.find((known) => known === (values['format'] ?? defaultFormat));
  if (mode === undefined || format === undefined) return undefined;
  const existing = switches.has('--existing') ? true : undefined;
  const [json, local] = [switches.has('--json'), switches.has('--local')];
  // oclif rejects these together.
  if (server !== undefined && (database !== undefined || local)) return undefined;
  return {mode, range, existing, format, config, database, server, timeout, json, local};
}
