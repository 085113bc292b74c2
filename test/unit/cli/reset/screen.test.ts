import {expect, it} from 'vitest';
import {issuedLines} from '../../../../src/cli/reset/screen.js';

it('issuedLines break between words on a narrow terminal', () => {
  const moves = [{mode: 'upload_job', from: 5n, to: 5n, reissued: 0n, backward: true}];
  const lines = issuedLines(moves, {highWaterMark: () => 1235n}, 40);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(40);
  expect(lines.join(' ')).toContain('have issued "upload_job" up to 1,234.');
});
