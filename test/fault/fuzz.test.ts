import {expect, it} from 'vitest';
import {fuzzHttp} from '../../verification/fuzz/fuzz-http.js';
import {formatReport} from '../../verification/fuzz/report.js';

it('20,000 random and malformed inputs do no harm, and the fast path reads them as node:http does', async () => {
  const report = await fuzzHttp({requests: 20_000, seed: 7, lanes: 48});
  expect(report.flaws, formatReport(report)).toEqual([]);
  expect(report.ranges).toBeGreaterThan(5000);
  expect(report.inStep).toBeGreaterThan(100);
  expect(report.controls).toBeGreaterThan(10);
  // Memory still grows in a short run; a long run has a bound of a tenth.
  expect(report.memory.end).toBeLessThan(2 * report.memory.early);
}, 300_000);
