// Writes the pages of the manual into dist/man, from the manifest of the commands and the table of settings.
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {version} from '../../src/lib/util/version.js';
import {commandPage, CONFIG_PAGE, pageOf, programPage, type ManualCommand} from './command-page.js';
import {configPage} from './config-page.js';

const root = new URL('../../', import.meta.url);

/** Returns the roff of each page, by the name of its file. */
export function manualPages(date: string): Readonly<Record<string, string>> {
  const manifest = JSON.parse(readFileSync(new URL('oclif.manifest.json', root), 'utf8')) as {
    readonly commands: Readonly<Record<string, ManualCommand>>;
  };
  const edition = {version, date, commands: Object.values(manifest.commands)};
  return {
    'uniqueid.1': programPage(edition),
    [`${CONFIG_PAGE}.5`]: configPage(edition),
    ...Object.fromEntries(edition.commands.map((each) => [`${pageOf(each)}.1`, commandPage(each, edition)])),
  };
}

/** Returns the day of the build, or the one that SOURCE_DATE_EPOCH asks for. */
function buildDate(): string {
  const {SOURCE_DATE_EPOCH: epoch} = process.env;
  return (epoch === undefined ? new Date() : new Date(Number(epoch) * 1000)).toISOString().slice(0, 10);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = new URL('dist/man/', root);
  mkdirSync(folder, {recursive: true});
  for (const [name, text] of Object.entries(manualPages(buildDate())))
    writeFileSync(new URL(name, folder), text);
}
