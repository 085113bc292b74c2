import {expect, it} from 'vitest';
import {Contiguous} from '../../verification/soak/contiguous.js';
import {formatSoak, judge} from '../../verification/soak/report.js';
import {soak} from '../../verification/soak/soak.js';

it('1,000,000 integers at full speed: none twice, none missing, memory and log bounded', async () => {
  const report = await soak({ids: 1_000_000, connections: 32, seed: 1});
  // So short a run still warms up; the long one allows 5 %.
  expect(judge(report, 1.5), formatSoak(report, [])).toEqual([]);
  expect(report.issued).toBe(1_000_000);
}, 300_000);

it('sees what is given twice and what is missing', () => {
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
  expect(runs.flaws()).toEqual(['12..12 was issued before', 'integers before 15 are missing']);
});
