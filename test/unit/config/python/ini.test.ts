import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {parsePythonIni} from '../../../../src/lib/config/python/ini.js';

function read(content: string): Record<string, Record<string, string>> {
  const sections = Array.from(parsePythonIni(content, 'config.ini'), ([name, values]) => [
    name,
    Object.fromEntries(Array.from(values, ([key, {text}]) => [key, text])),
  ]);
  return Object.fromEntries(sections) as Record<string, Record<string, string>>;
}

describe('the parser of the INI dialect of Python', () => {
  it('separates key and value at the first "=" or ":"', () => {
    expect(read('[a]\nb = 1\nc: 2\nd=x:y\ne:x=y\nf =\ng:')).toEqual({
      a: {b: '1', c: '2', d: 'x:y', e: 'x=y', f: '', g: ''},
    });
  });

  it('keeps ";" and "#" in values; they begin a comment only at the start of a line', () => {
    expect(read('; c\n# c\n[a]\n  ; c = 1\nurl = postgresql://u:p;a#ss@h/db ; not a comment\n')).toEqual({
      a: {url: 'postgresql://u:p;a#ss@h/db ; not a comment'},
    });
  });

  it('joins indented lines to the value before them', () => {
    expect(read('[a]\nb = 1\n  2\n\n  3\n  # comment\n\t4\nc = 5\n\n\n')).toEqual({
      a: {b: '1\n2\n\n3\n4', c: '5'},
    });
  });

  it('ignores the case of keys, but not of sections', () => {
    expect(read('[A]\nKey = 1\n[a]\nKEY = 2')).toEqual({A: {key: '1'}, a: {key: '2'}});
  });

  it('expands %% and %(name)s, and keeps a single %', () => {
    expect(
      read('[DEFAULT]\nhost = h\n[a]\nuser = u\nurl = %(user)s@%(HOST)s/100%%\npercent = p%40ss'),
    ).toEqual({
      a: {host: 'h', user: 'u', url: 'u@h/100%', percent: 'p%40ss'},
    });
  });

  it('keeps words and quotes as text', () => {
    expect(read(`[a]\nb = true\nc = null\nd = "x"\ne = 'y'\nf = \\n`)).toEqual({
      a: {b: 'true', c: 'null', d: '"x"', e: "'y'", f: '\\n'},
    });
  });

  it('reads sections with dots and slashes, any line ends, and a byte order mark', () => {
    expect(read('\uFEFF[/]\r\na.b: 1\r\n[x.y;z]\rc = 2')).toEqual({'/': {'a.b': '1'}, 'x.y;z': {c: '2'}});
  });

  it('reads names that mean something to JavaScript', () => {
    expect(
      read('[__proto__]\n__proto__ = 1\nconstructor = 2\nlist[] = 3\n[DEFAULT]\nd = 4\n[DEFAULT]\ne = 5'),
    ).toEqual({
      ['__proto__']: {['__proto__']: '1', constructor: '2', 'list[]': '3', d: '4', e: '5'},
    });
  });

  it('has the white space of Python', () => {
    expect(read('[a]\n\x1c\x85b\u3000=\u2028c\u2028d\u2029\ne = \uFEFFf\n[g]h]')).toEqual({
      a: {b: 'c\u2028d', e: '\uFEFFf'},
      'g]h': {},
    });
  });

  it.each(['[a]\nhunter2', 'hunter2', '[a]\nhunter2=1\nhunter2=1', '[a]\nb=%(hunter2)s', '[a]\nb=%(hunter2'])(
    'does not show the content of a line that it rejects: %j',
    (content) => {
      expect(() => parsePythonIni(content, 'config.ini')).toThrow(/^(?!.*hunter2)/);
    },
  );

  it('keeps any value of one line', () => {
    fc.assert(
      fc.property(fc.string({unit: 'grapheme-ascii'}), (value) => {
        const expected = value.trim();
        expect(read(`[a]\nkey = ${expected.replaceAll('%', '%%')}`)).toEqual({a: {key: expected}});
      }),
    );
  });

  it.each([
    ['[a]\nb = 1\nnonsense', 'config.ini:3: '],
    ['b = 1', 'config.ini:1: '],
    ['[a]\nb = 1\nB: 2', 'config.ini:3: '],
    ['[a]\n[b]\n[a]', 'config.ini:3: '],
    ['[a]\nb = %(c)s', 'config.ini:2: '],
    ['[a]\nb = %(b)s', 'config.ini:2: '],
    ['[a]\nb = %(c', 'config.ini:2: '],
    ['[a]\n= 1', 'config.ini:2: '],
  ])('names the line of the error in %j', (content, message) => {
    expect(() => parsePythonIni(content, 'config.ini')).toThrow(
      expect.objectContaining({code: 'CONFIG_INVALID', message: expect.stringContaining(message) as string}),
    );
  });

  it('fails for any text with CONFIG_INVALID alone', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom('[', ']', '=', ':', ' ', '\n', '%', '(', ')', 's', 'a', '"', '\\', '_', '.'),
        }),
        (content) => {
          try {
            parsePythonIni(content, 'config.ini');
          } catch (error) {
            expect(error).toMatchObject({code: 'CONFIG_INVALID'});
          }
        },
      ),
      {numRuns: 2000},
    );
  });
});
