import {describe, expect, it} from 'vitest';
import {kinds, type Kind} from '../../verification/restore/databases/database.js';
import {runVerification} from '../helpers/programs/verification.js';
import {needs, type Need} from '../helpers/run/needs.js';

/** An arbitrary seed; a constant makes a failure easy to repeat. */
const SEED = '20';

const RUNS = 2;

const needOf: Readonly<Record<Kind, readonly Need[]>> = {
  sqlite: [],
  postgres: ['postgresql'],
  mysql: ['mariadb'],
  standby: ['postgresql'],
};

const restore = (...args: readonly string[]): ReturnType<typeof runVerification> =>
  runVerification('restore/run.ts', args);

describe.each(kinds)('backups restored at random moments (%s)', (kind) => {
  needs(...needOf[kind]).it.each([1, 4])(
    'lead to no integer issued twice by %i servers',
    async (servers) => {
      const {status, output} = await restore(
        ...['--runs', String(RUNS), '--kind', kind, '--servers', String(servers), '--seed', SEED],
      );
      // The output describes all accidents and findings.
      expect(status, output).toBe(0);
    },
    300_000,
  );
});

it('the trial of restored backups measures what two machines issue twice', async () => {
  const {status, output} = await restore(
    ...['--runs', '1', '--kind', 'sqlite', '--servers', '2', '--machines', '2', '--seed', SEED],
  );
  expect(status, output).toBe(0);
  expect(output).toMatch(/^integers issued twice: \d+\b/m);
}, 300_000);

it('the trial of restored backups rejects an unknown kind, and lists the known ones', async () => {
  const {status, output} = await restore('--runs', '1', '--kind', 'tape');
  expect(status).toBe(2);
  for (const kind of kinds) expect(output).toContain(kind);
});
