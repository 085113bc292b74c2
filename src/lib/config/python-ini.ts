import {parse} from 'ini';
import {UniqueIDError} from '../errors.js';

/** A value of an INI file and the line it begins on, counted from 1. */
export interface IniValue {
  readonly text: string;
  readonly line: number;
}

/** Sections by name, and in each the values by key; keys in lower case, as ConfigParser makes them. */
export type IniFile = ReadonlyMap<string, ReadonlyMap<string, IniValue>>;

/** A `key = value` of the file, joined from all its lines. */
interface Option {
  readonly section: string;
  readonly key: string;
  readonly line: number;
  readonly indent: number;
  readonly lines: string[];
}

/** What the `ini` package makes of a file. */
type Sections = Record<string, Record<string, string | boolean | null>>;

/** One section of ConfigParser gives its values to all others. */
const DEFAULTS = 'DEFAULT';

/**
 * Reads an INI file as Python's ConfigParser does (https://docs.python.org/3/library/configparser.html):
 * `key = value` and `key: value`, `;` and `#` comments only at a line's start, values that go on in
 * indented lines, `%%` and `%(name)s`, a `[DEFAULT]` section, keys without case.
 *
 * One thing is forgiven that Python refuses: a `%` that begins neither `%%` nor `%(` stands for itself, so
 * that a percent-encoded password needs no second encoding.
 *
 * @param file the file's name, for errors
 * @throws UniqueIDError `CONFIG_INVALID`, naming file and line
 */
export function readPythonIni(content: string, file: string): IniFile {
  const {sections, options} = readOptions(content, file);
  const values = unquoted(sections, options);
  const raw = new Map<string, Map<string, IniValue>>(sections.map((section) => [section, new Map()]));
  for (const {section, key, line} of options) {
    const value = values[section]?.[key];
    // The package turns "true", "false" and "null" into what they name, quoted or not.
    raw.get(section)?.set(key, {text: value === undefined ? '' : String(value), line});
  }
  const defaults = raw.get(DEFAULTS) ?? new Map<string, IniValue>();
  raw.delete(DEFAULTS);
  const result = new Map<string, ReadonlyMap<string, IniValue>>();
  for (const [section, own] of raw) {
    const merged = new Map([...defaults, ...own]);
    const expanded = Array.from(merged, ([key, value]) => [key, expand(value, merged, file)] as const);
    result.set(section, new Map(expanded));
  }
  return result;
}

/** Splits a file into logical lines, the part of the dialect that the `ini` package does not read. */
function readOptions(content: string, file: string): {sections: string[]; options: Option[]} {
  const sections: string[] = [];
  const options: Option[] = [];
  const seen = new Map<string, number>();
  let section: string | undefined;
  let open: Option | undefined;
  for (const [index, rawLine] of content
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\r|\n/)
    .entries()) {
    const line = index + 1;
    const text = rawLine.trim();
    if (text.startsWith('#') || text.startsWith(';')) continue;
    if (text === '') {
      // An empty line inside a value belongs to it, if the value goes on after it.
      open?.lines.push('');
      continue;
    }
    const indent = rawLine.length - rawLine.trimStart().length;
    if (open !== undefined && indent > open.indent) {
      open.lines.push(text);
      continue;
    }
    const header = /^\[([^\]]+)\]/.exec(text)?.[1];
    if (header !== undefined) {
      const before = seen.get(header);
      if (before !== undefined)
        throw malformed(file, line, `section [${header}] was begun in line ${before} already`);
      seen.set(header, line);
      sections.push(header);
      section = header;
      open = undefined;
      continue;
    }
    if (section === undefined) {
      throw malformed(file, line, `${JSON.stringify(text)} stands before the first [section]`);
    }
    const match = /^(.*?)\s*[=:]\s*(.*)$/.exec(text);
    const key = match?.[1]?.toLowerCase() ?? '';
    if (key === '') {
      throw malformed(
        file,
        line,
        `${JSON.stringify(text)} is neither a [section] nor "key = value" nor "key: value"`,
      );
    }
    const name = JSON.stringify([section, key]);
    const before = seen.get(name);
    if (before !== undefined) throw malformed(file, line, `${key} was set in line ${before} already`);
    seen.set(name, line);
    open = {section, key, line, indent, lines: [match?.[2] ?? '']};
    options.push(open);
  }
  return {sections, options};
}

/**
 * Has the `ini` package build sections and keys from lines it cannot misread: it cuts values at `;` and `#`
 * and splits sections at `.`, unless they are quoted and escaped.
 */
function unquoted(sections: readonly string[], options: readonly Option[]): Sections {
  const lines = sections.flatMap((section) => [
    `[${JSON.stringify(section.replaceAll('.', String.raw`\.`))}]`,
    ...options
      .filter((option) => option.section === section)
      .map(({key, lines}) => `${JSON.stringify(key)}=${JSON.stringify(lines.join('\n').trimEnd())}`),
  ]);
  return parse(lines.join('\n'));
}

/** ConfigParser's BasicInterpolation: `%%` is a percent sign, `%(name)s` another value of the section. */
function expand(value: IniValue, section: ReadonlyMap<string, IniValue>, file: string, depth = 0): IniValue {
  if (depth > 10) throw malformed(file, value.line, 'its %(name)s refer to each other without an end');
  const text = value.text.replaceAll(/%(%|\(([^)]*)\)s)/g, (_, escape: string, name: string | undefined) => {
    if (escape === '%' || name === undefined) return '%';
    const other = section.get(name.toLowerCase());
    if (other === undefined) throw malformed(file, value.line, `%(${name})s names no key of this section`);
    return expand(other, section, file, depth + 1).text;
  });
  return {text, line: value.line};
}

function malformed(file: string, line: number, what: string): UniqueIDError {
  return new UniqueIDError('CONFIG_INVALID', `${file}:${line}: ${what}.`, {
    hint: 'Correct that line; comments begin with ";" or "#" at the start of a line of their own.',
  });
}
