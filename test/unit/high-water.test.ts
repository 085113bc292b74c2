import {expect, it} from 'vitest';
import {HighWater} from '../../src/lib/allocation/high-water.js';

it('keeps the marks of the modes used last, and no more of them than fit in a bounded memory', () => {
  const marks = new HighWater();
  marks.raise('often', 1n);
  marks.raise('once', 1n);
  for (let other = 0; other < 1_000_000; other++) {
    marks.raise(`mode${other}`, BigInt(other));
    if (other % 10_000 === 0) marks.raise('often', BigInt(other));
  }
  expect(marks.get('often')).toBe(990_000n);
  expect(marks.get('once')).toBeUndefined();
  const kept = Array.from({length: 1_000_000}, (_, other) => marks.get(`mode${other}`)).filter(
    (mark) => mark !== undefined,
  );
  expect(kept.length).toBeGreaterThanOrEqual(50_000 - 1);
  expect(kept.length).toBeLessThanOrEqual(100_000);
  expect(kept.at(-1)).toBe(999_999n);
});
