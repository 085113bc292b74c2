import {setFlagsFromString} from 'node:v8';
import {runInNewContext} from 'node:vm';
import {describe, expect, it} from 'vitest';
import {HighWaterMarks} from '../../../../src/lib/allocation/marks/high-water-marks.js';

const kept = (marks: HighWaterMarks, modes: number): number[] =>
  Array.from({length: modes}, (_, index) => index).filter((index) => marks.get(`mode${index}`) !== undefined);

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

describe('high-water marks', () => {
  it('keeps the mark of each of 100,000 modes while 99,999 others are used', () => {
    const marks = new HighWaterMarks(100_000);
    for (let turn = 0; turn < 3; turn++)
      for (let mode = 0; mode < 100_000; mode++) marks.set(`mode${mode}`, BigInt(turn));
    for (let turn = 0; turn < 3; turn++)
      for (let mode = 99_999; mode > 0; mode--) marks.set(`mode${mode}`, BigInt(turn));
    expect(kept(marks, 100_000)).toHaveLength(100_000);
  });

  it('keeps fewer than twice max_modes marks, those used last', () => {
    const marks = new HighWaterMarks(1000);
    marks.set('often', 1n);
    for (let other = 0; other < 100_000; other++) {
      marks.set(`mode${other}`, BigInt(other));
      if (other % 999 === 0) marks.set('often', BigInt(other));
    }
    expect(marks.get('often')).toBe(99_900n);
    const left = kept(marks, 100_000);
    expect(left.length).toBeLessThan(2000);
    expect(left.slice(-999)).toEqual(Array.from({length: 999}, (_, index) => 99_001 + index));
  });

  it('lists the marks set last', () => {
    const marks = new HighWaterMarks(100_000);
    for (let mode = 0; mode < 10_000; mode++) marks.set(`mode${mode}`, BigInt(mode));
    marks.set('mode5', 77n);
    const newest = marks.newest();
    expect(newest).toHaveLength(500);
    expect(newest.slice(0, 2)).toEqual(['mode5', 'mode9999']);
  });

  it('keeps 200,000 marks if max_modes sets no limit', () => {
    const marks = new HighWaterMarks(0);
    for (let mode = 0; mode < 200_000; mode++) marks.set(`mode${mode}`, 1n);
    expect(kept(marks, 200_000)).toHaveLength(200_000);
  });

  it('does not keep the texts of the requests from which modes were sliced', () => {
    const marks = new HighWaterMarks(10_000);
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    // The cache moves each mark to its next generation under the mode of another request.
    for (let mode = 0; mode < 30_000; mode++) {
      const text = `mode=upload_job_number_${mode % 15_000}`.padEnd(4000, 'x');
      marks.set(text.slice(5, 29), 1n);
    }
    collectGarbage();
    const grown = process.memoryUsage().heapUsed - before;
    expect(marks.get('upload_job_number_14999xxxxxxx'.slice(0, 24))).toBe(1n);
    expect(grown / 20_000).toBeLessThan(500);
  });
});
