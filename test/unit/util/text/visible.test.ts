import fc from 'fast-check';
import stringWidth from 'string-width';
import {expect, it} from 'vitest';
import {formatTable} from '../../../../src/cli/terminal/table.js';
import {visible, visibleJson} from '../../../../src/lib/util/text/visible.js';

/** A second definition, independent of the function: by general category, and surrogates by their range. */
const forbidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]|[\ud800-\udfff]/u;

/** Characters whose width is the same alone and beside others. */
const tableText = fc.string({
  unit: fc.constantFrom(
    'a',
    ' ',
    '界',
    'é',
    '👍',
    ...['\u001b[8m', '\u0007', '\u009b', '\u202e', '\u200d', '\ufe0f', '\n'],
  ),
});

const anyText = fc.string({
  unit: fc.oneof(
    fc.integer({min: 0, max: 0xffff}).map((unit) => String.fromCharCode(unit)),
    fc.integer({min: 0, max: 0x10ffff}).map((code) => String.fromCodePoint(code)),
    fc.constantFrom(
      '\u001b[8m',
      '\u001b]0;x\u0007',
      '\u202e',
      '\u200d',
      '\ufe0f',
      '\u3164',
      '\r\n',
      '界',
      'é',
    ),
  ),
});

it('visible escapes every character without a glyph, and keeps every other', () => {
  const wrong: string[] = [];
  for (let code = 0; code <= 0x10ffff; code++) {
    const character = String.fromCodePoint(code);
    const isHidden = forbidden.test(character) || /\p{Default_Ignorable_Code_Point}/u.test(character);
    const expected = isHidden ? String.raw`\u{${code.toString(16)}}` : character;
    if (visible(character) !== expected) wrong.push(code.toString(16));
  }
  expect(wrong).toEqual([]);
});

it.each([
  ['\u001b]0;title\u0007', String.raw`\u{1b}]0;title\u{7}`],
  ['\u009b31m', String.raw`\u{9b}31m`],
  ['a\u202egpj.exe', String.raw`a\u{202e}gpj.exe`],
  ['\ud800', String.raw`\u{d800}`],
  ['👩\u200d🚀', String.raw`👩\u{200d}🚀`],
  ['tag\u{e0041}', String.raw`tag\u{e0041}`],
  ['Файл 文件 é 👍🏽', 'Файл 文件 é 👍🏽'],
])('visible writes %j as %s', (text, expected) => {
  expect(visible(text)).toBe(expected);
});

it('visible leaves no hidden character in any text, is idempotent and reversible', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const shown = visible(text);
      expect(shown).not.toMatch(forbidden);
      expect(visible(shown)).toBe(shown);
      fc.pre(!text.includes(String.raw`\u{`));
      const back = shown.replaceAll(/\\u\{([0-9a-f]+)\}/g, (_, code: string) =>
        String.fromCodePoint(Number.parseInt(code, 16)),
      );
      expect(back).toBe(text);
    }),
    {numRuns: 2000},
  );
});

it('formatTable aligns cells with any text, one line per row', () => {
  fc.assert(
    fc.property(fc.array(tableText, {minLength: 1, maxLength: 5}), (modes) => {
      const lines = formatTable(
        [{title: 'MODE'}, {title: 'NEXT'}],
        modes.map((mode) => [mode, '7']),
        Infinity,
      );
      expect(lines).toHaveLength(modes.length + 1);
      for (const line of lines) expect(line).not.toMatch(forbidden);
      expect(new Set(lines.map((line) => stringWidth(line))).size).toBe(1);
    }),
    {numRuns: 1000},
  );
});

it('visibleJson writes the same value without hidden characters', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const line = visibleJson(`${JSON.stringify({text})}\n`);
      expect(line.slice(0, -1)).not.toMatch(forbidden);
      expect(JSON.parse(line)).toEqual({text});
      expect(line.endsWith('\n')).toBe(true);
    }),
    {numRuns: 2000},
  );
});
