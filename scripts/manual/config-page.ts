import {settings, type Setting} from '../../src/lib/config/settings.js';
import {CONFIG_PAGE, nameSection, pageOf, seeAlso, type Edition} from './command-page.js';
import * as roff from './roff.js';

/** Returns the reference of all settings; docs/operate/configuration.md has the same table. */
export function configPage({commands, date, version}: Edition): string {
  const all: readonly Setting[] = Object.values(settings);
  const sections = [...new Set(all.map(({section}) => section))];
  return [
    roff.title(CONFIG_PAGE, 5, date, version),
    nameSection(CONFIG_PAGE, 'Configuration files and variables of UniqueID.'),
    roff.section('DESCRIPTION', roff.text(description)),
    ...sections.map((section) =>
      roff.section(`[${section}]`, sectionBody(all.filter((each) => each.section === section))),
    ),
    roff.section(
      'FILES',
      Object.entries(files)
        .map(([path, meaning]) => roff.entry(roff.italic(path), roff.text(meaning)))
        .join(''),
    ),
    roff.section('EXAMPLES', roff.text('A service on PostgreSQL, in config.ini:') + roff.example(example)),
    seeAlso([['uniqueid', 1], ...commands.map((each) => [pageOf(each), 1] as const)]),
  ].join('');
}

const description = `The first of these sets the value of a setting: \
its flag, its environment variable, its file, its default. \
An empty variable counts as unset. \
\`uniqueid status --config-sources\` shows the value and the source of each setting.

Both files follow Python's ConfigParser. \
\`key = value\` and \`key: value\` mean the same, and keys ignore case. \
\`;\` and \`#\` begin a comment only at the start of a line. \
Indented lines continue a value. \
\`%%\` is a percent sign, and \`%(name)s\` is another value of the section. \
Values in the CherryPy file are Python literals, such as \`'127.0.0.1'\`, \`8051\` and \`True\`.

A flag or a variable that names a file replaces the paths below. \
An unknown key, section or value out of bounds is an error. \
\`uniqueid serve --check-config\` finds these mistakes before a restart.`;

const files = {
  '~/.pacifica-uniqueid/config.ini, /etc/uniqueid/config.ini':
    'Config file: the first that exists, unless `--config` or `UNIQUEID_CONFIG` names one.',
  '~/.pacifica-uniqueid/cpconfig.ini, /etc/uniqueid/cpconfig.ini':
    'CherryPy file: the first that exists, unless `--cpconfig` or `UNIQUEID_CPCONFIG` names one.',
};

const example = `[database]
peewee_url = postgresql://uniqueid@db.example.org/uniqueid

[uniqueid]
allowed_modes = file, upload_*`;

function sectionBody(members: readonly Setting[]): string {
  const file = members[0]?.file === 'cherrypy' ? 'CherryPy file' : 'config file';
  return roff.text(`This section belongs to the ${file}.`) + members.map(settingEntry).join('');
}

function settingEntry({key, env, flag, default: value, unit, description}: Setting): string {
  const shown = value === '' ? '' : ` Default: \`${value}\`${unit === undefined ? '' : ` ${unit}`}.`;
  const places = [env, ...(flag === undefined ? [] : [`--${flag}`])].map((place) => `\`${place}\``);
  return roff.entry(roff.bold(key), roff.text(`${description}${shown} Also: ${places.join(', ')}.`));
}
