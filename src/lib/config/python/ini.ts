import {UniqueIDError} from '../../core/errors.js';
import {trimEnd, trimStart} from '../../util/text/trim.js';

/** A value of an INI file and the line it begins on, counted from 1. */
export interface IniValue {
  readonly text: string;
  readonly line: number;
}

/** Sections by name, each with its values by key; keys are in lower case, as in ConfigParser. */
export type IniFile = ReadonlyMap<string, ReadonlyMap<string, IniValue>>;

/** A `key = value` of the file, with all its lines. */
interface Option {
  readonly section: string;
  readonly key: string;
  readonly line: number;
  readonly indent: number;
  readonly lines: string[];
}

/** The section of ConfigParser whose values apply to all others. */
const DEFAULTS = 'DEFAULT';

/** White space in Python, which is not the same set as in JavaScript. */
const SPACE =
  '\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004' +
  '\u2005\u2006\u2007\u2008\u2009\u200a' +
  '\u2028\u2029\u202f\u205f\u3000';

/** As in ConfigParser, the name of a section ends at the last bracket of its line. */
const sectionLine = /^\[(.+)\]/s;

/**
 * Parses an INI file as Python's ConfigParser does (https://docs.python.org/3/library/configparser.html):
 *
 * - `key = value` and `key: value`, keys without case, and a `[DEFAULT]` section
 * - `;` and `#` comments only at the start of a line
 * - values that continue in indented lines, `%%` and `%(name)s`
 *
 * Deviates from Python in one point: a `%` that begins neither `%%` nor `%(` is kept, where Python fails.
 * So a percent-encoded password needs no second encoding.
 *
 * No error repeats the text of a line: it may be a password, or a token without its key.
 *
 * @param file the name of the file, for errors
 * @throws UniqueIDError `CONFIG_INVALID`, with file and line
 */
export function parsePythonIni(content: string, file: string): IniFile {
  const {sections, options} = readOptions(content, file);
  const raw = new Map<string, Map<string, IniValue>>(sections.map((section) => [section, new Map()]));
  for (const {section, key, line, lines} of options)
    raw.get(section)?.set(key, {text: trimEnd(lines.join('\n'), SPACE), line});
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

interface Line {
  /** The number of the line, counted from 1. */
  readonly line: number;
  readonly indent: number;
  readonly text: string;
}

/** Returns the lines of a file but the comments, without the white space around them. */
function* linesOf(content: string): Iterable<Line> {
  const lines = content.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/);
  for (const [index, rawLine] of lines.entries()) {
    const unindented = trimStart(rawLine, SPACE);
    const text = trimEnd(unindented, SPACE);
    if (text.startsWith('#') || text.startsWith(';')) continue;
    yield {line: index + 1, indent: rawLine.length - unindented.length, text};
  }
}

/** Splits a file into logical lines. */
function readOptions(content: string, file: string): {sections: string[]; options: Option[]} {
  const sections: string[] = [];
  const options: Option[] = [];
  const seen = new Map<string, number>();
  let section: string | undefined;
  let open: Option | undefined;
  for (const {line, indent, text} of linesOf(content)) {
    if (text === '') {
      // An empty line belongs to a value that continues after it.
      open?.lines.push('');
      continue;
    }
    if (open !== undefined && indent > open.indent) {
      open.lines.push(text);
      continue;
    }
    const header = sectionLine.exec(text)?.[1];
    if (header !== undefined) {
      const before = seen.get(header);
      if (before !== undefined && header !== DEFAULTS)
        throw malformed(file, line, `duplicate section [${header}]; the first is in line ${before}`);
      if (before === undefined) sections.push(header);
      seen.set(header, line);
      section = header;
      open = undefined;
      continue;
    }
    if (section === undefined) throw malformed(file, line, 'text before the first [section]');
    const delimiter = text.search(/[=:]/);
    const key = trimEnd(text.slice(0, Math.max(delimiter, 0)), SPACE).toLowerCase();
    if (key === '') throw malformed(file, line, 'expected [section], "key = value" or "key: value"');
    const name = JSON.stringify([section, key]);
    const before = seen.get(name);
    if (before !== undefined) throw malformed(file, line, `duplicate key; the first is in line ${before}`);
    seen.set(name, line);
    open = {section, key, line, indent, lines: [trimStart(text.slice(delimiter + 1), SPACE)]};
    options.push(open);
  }
  return {sections, options};
}

/**
 * Expands like ConfigParser's BasicInterpolation: `%%` is a percent sign, `%(name)s` another value of the
 * section. Rejects any other text after `%(`.
 */
function expand(value: IniValue, section: ReadonlyMap<string, IniValue>, file: string, depth = 0): IniValue {
  if (depth > 10) throw malformed(file, value.line, 'its %(name)s references form a cycle');
  // The match includes an unclosed "%(": with backtracking, each of many would scan the rest of the text.
  const text = value.text.replaceAll(/%(?:%|\(([^)]*)(\)s)?)/g, (escape, name: string, closed?: string) => {
    if (escape === '%%') return '%';
    if (closed === undefined) throw malformed(file, value.line, '"%(" must continue as %(name)s');
    const other = section.get(name.toLowerCase());
    if (other === undefined) throw malformed(file, value.line, 'its %(name)s is not a key of this section');
    return expand(other, section, file, depth + 1).text;
  });
  return {text, line: value.line};
}

function malformed(file: string, line: number, problem: string): UniqueIDError {
  return new UniqueIDError('CONFIG_INVALID', `${file}:${line}: ${problem}.`, {
    hint: 'Correct that line. A comment needs its own line that begins with ";" or "#".',
  });
}
