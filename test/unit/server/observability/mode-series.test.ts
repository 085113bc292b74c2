import {describe, expect, it} from 'vitest';
import {ModeSeriesTable, OTHERS} from '../../../../src/lib/server/observability/mode-series.js';

function ask(table: ModeSeriesTable, mode: string, times = 1): void {
  for (let time = 0; time < times; time++) {
    const totals = table.getOrAdd(mode);
    totals.allocations += 1;
    totals.ids += 10;
    totals.next += 10n;
  }
}

/** Updates the table and returns the allocations of each series. */
function shown(table: ModeSeriesTable): Map<string, number> {
  table.update();
  for (const {allocations, ids} of table.series) expect(ids).toBe(10 * allocations);
  return new Map(table.series.map(({mode, allocations}) => [mode, allocations]));
}

const strangers = (table: ModeSeriesTable, from: number, to: number, times = 1): void => {
  for (let each = from; each < to; each++) ask(table, `stranger${each}`, times);
};

describe('the modes with their own series', () => {
  it('are the most used ones, and the others are counted', () => {
    const table = new ModeSeriesTable();
    strangers(table, 0, 200);
    expect(shown(table).size).toBe(101);
    expect(table.unlistedModes).toBe(100);
    ask(table, 'file', 3);
    expect(shown(table).get('file')).toBe(3);
    expect(table.series).toContainEqual({mode: 'file', allocations: 3, ids: 30, next: 30n});
    expect(table.unlistedModes).toBe(101);
  });

  it('have series that never decrease, and every request is in one series', () => {
    const table = new ModeSeriesTable();
    const last = new Map<string, number>();
    let total = 0;
    for (let round = 0; round < 200; round++) {
      // The most used modes differ from round to round.
      const times = 1 + (round % 7) * round;
      for (let each = 0; each < 150; each++) {
        if ((each * 31 + round) % 3 !== 0) continue;
        ask(table, `m${each}`, times);
        total += times;
      }
      for (const [mode, value] of shown(table)) {
        expect(value, mode).toBeGreaterThanOrEqual(last.get(mode) ?? 0);
        last.set(mode, value);
      }
    }
    expect([...last.values()].reduce((sum, value) => sum + value)).toBe(total);
    expect(last.get(OTHERS)).toBeGreaterThan(0);
  });

  it('stay the same if other modes are used equally often', () => {
    const table = new ModeSeriesTable();
    strangers(table, 0, 100, 2);
    const before = [...shown(table).keys()];
    strangers(table, 100, 300, 2);
    expect([...shown(table).keys()].filter((mode) => mode !== OTHERS).sort()).toEqual(before.sort());
  });

  it('include a mode that is used repeatedly among a million modes of one client, in bounded memory', () => {
    const table = new ModeSeriesTable();
    let others = 0;
    for (let hundred = 0; hundred < 10_000; hundred++) {
      strangers(table, hundred * 100, hundred * 100 + 100);
      ask(table, 'file');
      if (hundred % 1000 !== 999) continue;
      const values = shown(table);
      // Its requests before it was listed count among the others.
      expect(values.get('file')).toBeGreaterThan(hundred - 1000);
      expect(values.get(OTHERS) ?? 0).toBeGreaterThanOrEqual(others);
      others = values.get(OTHERS) ?? 0;
      expect(table.unlistedModes).toBeLessThanOrEqual(10_000);
    }
  });

  it('never include the series of the others', () => {
    const table = new ModeSeriesTable();
    ask(table, OTHERS, 5);
    ask(table, 'file');
    expect(shown(table)).toEqual(
      new Map([
        ['file', 1],
        [OTHERS, 5],
      ]),
    );
    expect(table.series.at(-1)?.next).toBeUndefined();
  });
});
