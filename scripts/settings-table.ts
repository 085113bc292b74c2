// Writes the table of all settings into docs/operate/configuration.md: npm run settings
import {readFileSync, writeFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {settings, type Setting} from '../src/lib/config/settings.js';

const page = fileURLToPath(new URL('../docs/operate/configuration.md', import.meta.url));

/** The part of the page between its two marker comments. */
const generated = /(?<=<!-- settings: written by npm run settings -->\n)[^]*(?=<!-- \/settings -->)/;

const header = ['Section', 'Key', 'Environment variable', 'Flag', 'Default', 'Unit', 'Meaning'];

/** Returns the page with a fresh table of settings. */
export function withSettingsTable(text: string): string {
  if (!generated.test(text)) throw new Error('the marker comments of the table of settings are missing');
  const rows = Object.values(settings).map(cellsOf);
  return text.replace(generated, () => `\n${formatTable([header, ...rows])}\n`);
}

function cellsOf({section, key, env, flag, default: value, unit, description}: Setting): readonly string[] {
  return [
    code(`[${section}]`),
    code(key),
    code(env),
    code(flag === undefined ? '' : `--${flag}`),
    code(value),
    unit ?? '',
    description,
  ];
}

const code = (text: string): string => (text === '' ? '' : `\`${text}\``);

/** Pads each cell to the width of its column, as Prettier does. */
function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = header.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |\n`;
  const rule = line(widths.map((width) => '-'.repeat(width)));
  const [head = '', ...body] = rows.map(line);
  return head + rule + body.join('');
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(page, withSettingsTable(readFileSync(page, 'utf8')));
