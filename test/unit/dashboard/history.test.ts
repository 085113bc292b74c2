import {describe, expect, it} from 'vitest';
import {History, type Row} from '../../../src/dashboard/history.js';

const seconds = (first: number, count: number, value = 1): Row[] =>
  Array.from({length: count}, (_, index) => [(first + index) * 1000, value]);

describe('History', () => {
  it('keeps the rows of 15 minutes, each once', () => {
    const history = new History();
    history.add('a', seconds(1, 800));
    history.add('a', seconds(700, 300));
    expect(history.rows).toEqual(seconds(100, 900));
    expect(history.lastAt).toBe(999_000);
  });

  it('interrupts the line if the service hung, within one answer too', () => {
    const history = new History();
    history.add('a', [...seconds(1, 2), ...seconds(60, 2)]);
    history.add('a', seconds(120, 1));
    expect(history.rows).toEqual([
      ...seconds(1, 2),
      [2001, null],
      ...seconds(60, 2),
      [61_001, null],
      ...seconds(120, 1),
    ]);
  });

  it('interrupts the line at a restart, however short it is', () => {
    const history = new History();
    history.add('a', seconds(1, 2));
    history.add('b', seconds(4, 2, 9));
    history.add('b', seconds(6, 1, 9));
    expect(history.rows).toEqual([...seconds(1, 2), [2001, null], ...seconds(4, 3, 9)]);
  });

  it('does not join the rows of another service that answers in turn', () => {
    const history = new History();
    history.add('a', seconds(1, 5));
    history.add('b', seconds(2, 5, 9));
    expect(history.rows).toEqual(seconds(2, 5, 9));
    history.add('b', []);
    expect(history.rows).toHaveLength(5);
  });

  it('starts again if the clock of the service was set back', () => {
    const history = new History();
    history.add('a', seconds(5000, 5));
    history.add('a', seconds(1400, 3));
    expect(history.rows).toEqual(seconds(1400, 3));
  });
});
