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
  ])('accepts %.20j', (mode) => {
    expect(parseMode(mode)).toBe(mode);
  });

  it.each([
    '',
    'm'.repeat(256),
    '🗂'.repeat(256),
    ' file',
    'file ',
    '\u00A0file',
    'file\u2003',
    '\uFEFFfile',
    'a\0b',
    'a\nb',
    'a\tb',
    'a\u007F',
    'a\u0085b',
    '\uD800',
    'a\uDC00b',
  ])('rejects %.20j', (mode) => {
    expect(() => parseMode(mode)).toThrow(expect.objectContaining({code: 'INVALID_MODE'}));
  });

  it('applies the same rules to plain ASCII, which has a fast path', () => {
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
