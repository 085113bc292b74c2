import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, inject, it, onTestFinished} from 'vitest';
import {root} from '../helpers/folders/workspace.js';
import {mutants} from '../../verification/mutants/mutants.js';
import {Sandbox} from '../../verification/mutants/sandbox.js';

describe('the mutants', () => {
  it('break each invariant', () => {
    const broken = new Set(mutants.flatMap(({invariants}) => invariants));
    expect([...broken].sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it.each(mutants)('fit the sources as they are: $name', ({edits}) => {
    for (const {file, search} of edits)
      expect(readFileSync(join(root, file), 'utf8').split(search), `${file}: ${search}`).toHaveLength(2);
  });

  it('that are quick to show are caught', async () => {
    const sandbox = new Sandbox();
    onTestFinished(() => sandbox.remove());
    // The servers are there already.
    const env = {
      ...process.env,
      UNIQUEID_TEST_POSTGRES_URL: inject('postgresUrl'),
      UNIQUEID_TEST_MYSQL_URL: inject('mysqlUrl'),
    };
    for (const mutant of mutants.filter(({isQuick}) => isQuick)) {
      expect((await sandbox.runHealthy(mutant, env)).failed, mutant.name).toEqual([]);
      expect((await sandbox.runMutated(mutant, env)).failed, mutant.name).not.toEqual([]);
    }
  }, 600_000);
});
