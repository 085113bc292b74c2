import {describe, expect, it} from 'vitest';
import {formatScaled} from '../../../../src/lib/util/text/numbers.js';
import {MAX_COUNTER} from '../../../../src/lib/core/range.js';

describe('formatScaled', () => {
  it.each([
    [0n, '0'],
    [251_038n, '251,038'],
    [999_999n, '999,999'],
    [1_000_000n, '1.0 million'],
    [999_999_999n, '999.9 million'],
    [9_200_000_000n, '9.2 billion'],
    [999_999_999_999n, '999.9 billion'],
    [10n ** 12n, '1.0 × 10^12'],
    [MAX_COUNTER, '9.2 × 10^18'],
  ])('formats %d with one decimal, rounded down', (value, text) => {
    expect(formatScaled(value)).toBe(text);
  });
});
