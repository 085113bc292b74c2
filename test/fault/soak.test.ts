import {expect, it} from 'vitest';
import {Contiguous} from '../../verification/soak/contiguous.js';
import {formatSoak, judge} from '../../verification/soak/report.js';
import {soak} from '../../verification/soak/soak.js';

it('1,000,000 integers at full speed have no duplicate and no gap, with bounded memory and log', async () => {
  const report = await soak({ids: 1_000_000, connections: 32, seed: 1});
  // Memory still grows in a short run; a long run allows 5 %.
  expect(judge(report, 1.5), formatSoak(report, [])).toEqual([]);
  expect(report.issued).toBe(1_000_000);
}, 300_000);

it('the check of the soak test detects a duplicate and a gap', () => {
  const runs = new Contiguous();
  for (const [start, end] of [
    [0, 4],
    [10, 12],
    [5, 9],
  ] as const)
    runs.add(start, end);
  expect(runs.flaws()).toEqual([]);
  runs.add(12, 12);
  runs.add(15, 15);
  expect(runs.flaws()).toEqual([expect.stringMatching(/\b12\b/), expect.stringMatching(/\b15\b/)]);
});
