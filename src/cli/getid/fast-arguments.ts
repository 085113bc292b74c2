import {getidFlags, getidSwitches, globalFlags, type GetidOptions} from './flags.js';

const valueFlags = {...globalFlags, ...getidFlags};

type FastFlag = {
  [Name in keyof typeof valueFlags]: (typeof valueFlags)[Name] extends {readonly isFast: true} ? Name : never;
}[keyof typeof valueFlags];

/** The flags that this parser accepts: their names by each spelling. */
const flagNames = new Map(
  Object.entries(valueFlags).flatMap(([name, flag]) =>
    'isFast' in flag
      ? [`--${name}`, ...('char' in flag ? [`-${flag.char}`] : [])].map((word) => [word, name])
      : [],
  ) as [string, FastFlag][],
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
  const values: Partial<Record<FastFlag, string>> = {};
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
  // A flag that becomes fast must be added here: TypeScript then rejects the rest.
  const {mode, range = getidFlags.range.default, format: typedFormat, config, database, ...others} = values;
  const {server, timeout, ...none} = others;
  none satisfies Record<string, never>;
  const {options, default: defaultFormat} = getidFlags.format;
  const format = options.find((known) => known === (typedFormat ?? defaultFormat));
  if (mode === undefined || format === undefined || hasConflict(values, switches)) return undefined;
  const existing = switches.has('--existing') ? true : undefined;
  const [json, local] = [switches.has('--json'), switches.has('--local')];
  return {mode, range, existing, format, config, database, server, timeout, json, local};
}

interface Flag {
  readonly summary: string;
  readonly exclusive?: readonly string[];
}

/** Returns true for flags that oclif rejects together. */
function hasConflict(values: object, switches: ReadonlySet<string>): boolean {
  const flags: Readonly<Record<string, Flag>> = {...valueFlags, ...getidSwitches};
  const given = [...Object.keys(values), ...[...switches].map((word) => word.slice(2))];
  return given.some((name) => flags[name]?.exclusive?.some((other) => given.includes(other)));
}
