import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {parseMode} from '../../../src/lib/core/mode.js';

describe('parseMode', () => {
  it.each([
    'file',
    'upload_job',
    'mode with space',
    'Файл',
    '文件',
    '🗂',
    'a',
    'm'.repeat(255),
    '🗂'.repeat(255),
    `"'; --`,
  ])('takes %.20j', (mode) => {
    expect(parseMode(mode)).toBe(mode);
  });

  it.each([
    ['', 'must not be empty'],
    ['m'.repeat(256), 'at most 255 characters, not 256'],
    ['🗂'.repeat(256), 'at most 255 characters, not 256'],
    [' file', 'white space'],
    ['file ', 'white space'],
    ['\u00A0file', 'white space'],
    ['file\u2003', 'white space'],
    ['\uFEFFfile', 'white space'],
    ['a\0b', 'control characters'],
    ['a\nb', 'control characters'],
    ['a\tb', 'control characters'],
    ['a\u007F', 'control characters'],
    ['a\u0085b', 'control characters'],
    ['\uD800', 'well-formed'],
    ['a\uDC00b', 'well-formed'],
  ])('refuses %.20j', (mode, rule) => {
    expect(() => parseMode(mode)).toThrow(
      expect.objectContaining({code: 'INVALID_MODE', message: expect.stringContaining(rule) as string}),
    );
  });

  it('judges plain ASCII, which has a shorter way, as it judges all other text', () => {
    fc.assert(
      fc.property(fc.string({unit: 'binary-ascii', maxLength: 260}), (mode) => {
        const right =
          mode !== '' && mode.length <= 255 && mode === mode.trim() && !/[\x00-\x1f\x7f]/.test(mode);
        if (right) expect(parseMode(mode)).toBe(mode);
        else expect(() => parseMode(mode)).toThrow();
      }),
    );
  });
});
