import {exitStatusList} from '../../src/cli/help/exit-codes.js';
import {otherVariables} from '../../src/lib/config/environment.js';
import * as roff from './roff.js';

/** The part of oclif's manifest that a page shows; `--help` shows the same. */
export interface ManualCommand {
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
  readonly usage?: string | readonly string[];
  readonly examples?: readonly {readonly description: string; readonly command: string}[];
  readonly args: Readonly<Record<string, {readonly name: string; readonly description?: string}>>;
  readonly flags: Readonly<Record<string, ManualFlag>>;
}

interface ManualFlag {
  readonly name: string;
  readonly char?: string;
  readonly type: 'boolean' | 'option';
  readonly summary: string;
  readonly description?: string;
  readonly helpValue?: string;
  readonly helpGroup?: string;
  readonly options?: readonly string[];
  readonly default?: string;
}

/** The facts that all pages of one build share. */
export interface Edition {
  readonly version: string;
  /** YYYY-MM-DD. */
  readonly date: string;
  readonly commands: readonly ManualCommand[];
}

export const CONFIG_PAGE = 'uniqueid-config';

export const pageOf = ({id}: ManualCommand): string => `uniqueid-${id}`;

/** Returns the page of one command. */
export function commandPage(command: ManualCommand, {date, version}: Edition): string {
  const page = pageOf(command);
  const flags = Object.values(command.flags);
  const isGlobal = ({helpGroup}: ManualFlag): boolean => helpGroup === 'GLOBAL';
  return [
    roff.title(page, 1, date, version),
    nameSection(page, command.summary),
    roff.section('SYNOPSIS', synopsis(command)),
    roff.section('DESCRIPTION', roff.text(command.description ?? command.summary)),
    roff.section('ARGUMENTS', Object.values(command.args).map(argumentEntry).join('')),
    roff.section('OPTIONS', flagEntries(flags.filter((flag) => !isGlobal(flag)))),
    roff.section('GLOBAL OPTIONS', flagEntries(flags.filter(isGlobal))),
    roff.section('EXAMPLES', examplesOf(command)),
    roff.section('EXIT STATUS', `0 if the command succeeds; the others are in\n.BR uniqueid (1).\n`),
    seeAlso([['uniqueid', 1] as const, [CONFIG_PAGE, 5] as const]),
  ].join('');
}

/** Returns the page of the program, which leads to all others. */
export function programPage(edition: Edition): string {
  const {commands, date, version} = edition;
  const [first] = commands;
  if (first === undefined) throw new Error('the manifest has no commands');
  const globalFlags = Object.values(first.flags).filter(({helpGroup}) => helpGroup === 'GLOBAL');
  const variables = Object.entries(otherVariables);
  return [
    roff.title('uniqueid', 1, date, version),
    nameSection('uniqueid', 'Issue ranges of unique integers.'),
    roff.section('SYNOPSIS', `.B uniqueid\n${roff.italic('COMMAND')} [${roff.italic('FLAGS')}]\n`),
    roff.section('DESCRIPTION', roff.text(introduction)),
    roff.section(
      'COMMANDS',
      commands.map((each) => roff.entry(roff.reference(pageOf(each), 1), roff.text(each.summary))).join(''),
    ),
    roff.section('GLOBAL OPTIONS', flagEntries(globalFlags) + helpEntries),
    roff.section(
      'EXIT STATUS',
      exitStatusList()
        .map(({status, meaning, codes}) => roff.entry(roff.bold(String(status)), meaningOf(meaning, codes)))
        .join(''),
    ),
    roff.section(
      'ENVIRONMENT',
      roff.text('Each setting also has a variable, which overrides the files:') +
        `.BR ${CONFIG_PAGE} (5)\nlists them.\n` +
        variables.map(([name, {meaning}]) => roff.entry(roff.bold(name), roff.text(meaning))).join(''),
    ),
    roff.section('EXAMPLES', examplesOf(...commands.filter(({id}) => /^(?:dbsync|getid|serve)$/.test(id)))),
    seeAlso([...commands.map((each) => [pageOf(each), 1] as const), [CONFIG_PAGE, 5]]),
  ].join('');
}

const introduction = `Issues ranges of integers and never gives one integer to two clients. \
A client asks for a number of integers of a mode, a named counter such as \`file\`, \
and gets one run of integers, such as 0 to 9. \
Each range is committed to stable storage before it is printed or answered. \
The counters are in an SQLite, PostgreSQL, MariaDB or MySQL database.

\`uniqueid dbsync\` creates the database, \`uniqueid getid\` takes a range on the command line, \
and \`uniqueid serve\` answers the REST API of Pacifica UniqueID.`;

const helpEntries =
  roff.entry(roff.bold('--help'), roff.text('Show the help of a command.')) +
  roff.entry(roff.bold('--version'), roff.text('Print the version.'));

export function nameSection(page: string, summary: string): string {
  const sentence = summary.replace(/\.$/, '');
  return roff.section(
    'NAME',
    `${page} \\- ${roff.text(sentence.charAt(0).toLowerCase() + sentence.slice(1))}`,
  );
}

export function seeAlso(pages: readonly (readonly [string, number])[]): string {
  return roff.section('SEE ALSO', roff.references(pages));
}

/** Returns one line per form of a command. */
function synopsis({id, usage = '<%= command.id %>'}: ManualCommand): string {
  return [usage]
    .flat()
    .map((form) => form.replace('<%= command.id %>', '').trim())
    .map((rest) => `.B uniqueid ${id}\n${rest === '' ? '' : roff.text(rest)}`)
    .join('.br\n');
}

function argumentEntry({
  name,
  description = '',
}: {
  readonly name: string;
  readonly description?: string;
}): string {
  return roff.entry(roff.italic(name.toUpperCase()), roff.text(description));
}

function flagEntries(flags: readonly ManualFlag[]): string {
  return [...flags]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((flag) => roff.entry(flagTerm(flag), roff.text(flagMeaning(flag))))
    .join('');
}

function flagTerm({name, char, type, helpValue, options}: ManualFlag): string {
  const names = [...(char === undefined ? [] : [`-${char}`]), `--${name}`].map(roff.bold).join(', ');
  if (type === 'boolean') return names;
  const value = options === undefined ? roff.italic(helpValue ?? 'VALUE') : options.map(roff.bold).join('|');
  return `${names} ${value}`;
}

function flagMeaning({summary, description = '', default: value}: ManualFlag): string {
  const shown = typeof value === 'string' ? `Default: \`${value}\`.` : '';
  return [summary, shown, description].filter((each) => each !== '').join(' ');
}

/** Returns the meaning of an exit status and, below it, the codes of errors that end with it. */
function meaningOf(meaning: string, codes: readonly string[]): string {
  return roff.text([meaning, ...(codes.length === 0 ? [] : [`(${codes.join(', ')})`])].join(' '));
}

function examplesOf(...commands: readonly ManualCommand[]): string {
  return commands
    .flatMap(({id, examples = []}) =>
      examples.map(({description, command}) => {
        const line = command.replace('<%= config.bin %>', 'uniqueid').replace('<%= command.id %>', id);
        return `.PP\n${roff.text(`${description}:`)}${roff.example(line)}`;
      }),
    )
    .join('');
}
