import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {EMPTY_RANGE, formatRange, MAX_COUNTER, parseRange} from '../../../src/lib/core/range.js';

describe('parseRange', () => {
  it('accepts every whole number up to the limit, exact to the last digit', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, MAX_COUNTER), (range) => {
        expect(parseRange(String(range), MAX_COUNTER)).toBe(range);
      }),
    );
    expect(parseRange('000000000000000000000000000010')).toBe(10n);
    expect(parseRange('1000000000')).toBe(1_000_000_000n);
  });

  it.each(['', '-1', '1.5', '1e3', ' 10', '10 ', '+10', '10abc', '0x10', '１０', '1_000', '1\n'])(
    'rejects %j',
    (text) => {
      expect(() => parseRange(text)).toThrow(expect.objectContaining({code: 'INVALID_RANGE'}));
    },
  );

  it.each(['1000000001', '9223372036854775808', '99999999999999999999999', '9'.repeat(10_000)])(
    'rejects %.30s as too large',
    (text) => {
      expect(() => parseRange(text)).toThrow(
        expect.objectContaining({
          code: 'INVALID_RANGE',
          message: expect.stringMatching(/^.{1,120}$/) as string,
        }),
      );
    },
  );
});

describe('formatRange', () => {
  it('writes the same bytes as the Python service', () => {
    expect(formatRange({start: 0n, end: 9n})).toBe('{"endIndex": 9, "startIndex": 0}');
    expect(formatRange(EMPTY_RANGE)).toBe('{"endIndex": -2, "startIndex": -1}');
    expect(formatRange({start: MAX_COUNTER - 1n, end: MAX_COUNTER - 1n})).toBe(
      '{"endIndex": 9223372036854775806, "startIndex": 9223372036854775806}',
    );
  });
});
