import fc from 'fast-check';
import {expect, it} from 'vitest';
import {parsePythonLiteral} from '../../../../src/lib/config/python/literal.js';

it.each([
  [`'0.0.0.0'`, '0.0.0.0'],
  [`"it's"`, "it's"],
  [String.raw`'it\'s\n'`, "it's\n"],
  [`u'text'`, 'text'],
  ['8051', 8051],
  ['-1.5', -1.5],
  ['True', true],
  ['False', false],
  ['None', null],
  ['[]', []],
  [`[('Content-Type', 'application/json'),]`, [['Content-Type', 'application/json']]],
  [`('a',\n 'b')`, ['a', 'b']],
  [`('a')`, 'a'],
  [`('a',)`, ['a']],
  ['()', []],
  [String.raw`'\x41\101\u00e9\U0001f600\0\a\q'`, 'AA\u00e9\u{1f600}\0\x07\\q'],
])('parsePythonLiteral reads %j', (source, value) => {
  expect(parsePythonLiteral(source)).toEqual(value);
});

it.each([
  'cherrypy.dispatch.MethodDispatcher()',
  '0.0.0.0',
  'on',
  `'open`,
  `[1`,
  `[1 2]`,
  `'a' 'b'`,
  '1x',
  '007',
  'constructor',
  '[,]',
  String.raw`'\x4'`,
  String.raw`'\U00110000'`,
  String.raw`'\N{SPACE}'`,
  '['.repeat(100_000),
  '(\u00a01)',
  '',
])('parsePythonLiteral rejects %j', (source) => {
  expect(parsePythonLiteral(source)).toBeUndefined();
});

it('parsePythonLiteral reads every ASCII string in JSON', () => {
  fc.assert(
    fc.property(fc.string({unit: 'grapheme-ascii'}), (text) => {
      expect(parsePythonLiteral(JSON.stringify(text))).toBe(text);
    }),
  );
});
