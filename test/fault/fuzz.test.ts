import {expect, it} from 'vitest';
import {fuzzHttp} from '../../verification/fuzz/fuzz-http.js';
import {formatReport} from '../../verification/fuzz/report.js';

it('20,000 random and malformed inputs harm nobody, and mean to the plain reader what they mean to node:http', async () => {
  const report = await fuzzHttp({requests: 20_000, seed: 7, lanes: 48});
  expect(report.flaws, formatReport(report)).toEqual([]);
  expect(report.ranges).toBeGreaterThan(5000);
  expect(report.inStep).toBeGreaterThan(100);
  expect(report.controls).toBeGreaterThan(10);
  // So short a run still warms up; the long one holds it to a tenth.
  expect(report.memory.end).toBeLessThan(2 * report.memory.early);
}, 300_000);
