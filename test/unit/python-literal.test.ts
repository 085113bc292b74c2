import fc from 'fast-check';
import {expect, it} from 'vitest';
import {readPythonLiteral} from '../../src/lib/config/python-literal.js';

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
])('reads %j', (source, value) => {
  expect(readPythonLiteral(source)).toEqual(value);
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
  '',
])('leaves %j alone', (source) => {
  expect(readPythonLiteral(source)).toBeUndefined();
});

it('reads every string that JSON writes in ASCII', () => {
  fc.assert(
    fc.property(fc.string({unit: 'grapheme-ascii'}), (text) => {
      expect(readPythonLiteral(JSON.stringify(text))).toBe(text);
    }),
  );
});
