import {describe, expect, it} from 'vitest';
import {needs, noteMissing, type Need} from '../helpers/run/needs.js';
import {allFaults} from '../../verification/torture/faults/all.js';
import {runVerification} from '../helpers/programs/verification.js';

/** An arbitrary seed; a constant makes a failure easy to repeat. */
const SEED = '20';

const kinds: readonly {kind: string; need?: Need}[] = [
  {kind: 'sqlite'},
  {kind: 'postgresql', need: 'postgresql'},
  {kind: 'mariadb', need: 'mariadb'},
];

const torture = (...args: readonly string[]): ReturnType<typeof runVerification> =>
  runVerification('torture/torture.ts', args);

describe.each(kinds)('a short torture of $kind', ({kind, need}) => {
  needs(...(need === undefined ? [] : [need])).it.each([1, 4])(
    'with %i servers and every fault finds no integer issued twice and no unexplained gap',
    async (servers) => {
      const {status, output} = await torture(
        ...['--once', '--kind', kind, '--servers', String(servers), '--seed', SEED],
      );
      // The output describes all faults and findings.
      expect(status, output).toBe(0);
      for (const line of output.split('\n').filter((text) => text.startsWith('SKIPPED'))) {
        noteMissing(`a fault of the torture (${line})`);
        // A fault may be skipped for a right that a container lacks, but not for a missing package.
        if (process.env['CI'] === 'true') expect(line).not.toContain('Debian package');
      }
    },
    300_000,
  );
});

it('the torture rejects an unknown fault, and lists the known ones', async () => {
  const {status, output} = await torture('--minutes', '1', '--faults', 'meteorite');
  expect(status).toBe(2);
  expect(output).toContain('"meteorite"');
  for (const {name} of allFaults) expect(output).toContain(name);
});
