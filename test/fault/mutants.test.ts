import {expect, inject, it, onTestFinished} from 'vitest';
import {readMutants} from '../../verification/mutants/mutants.js';
import {Sandbox} from '../../verification/mutants/sandbox.js';

it('the tests catch each mutant that is quick to detect', async () => {
  const sandbox = new Sandbox();
  onTestFinished(() => sandbox.remove());
  // The database servers of this run.
  const env = {
    ...process.env,
    UNIQUEID_TEST_POSTGRES_URL: inject('postgresUrl'),
    UNIQUEID_TEST_MYSQL_URL: inject('mysqlUrl'),
  };
  const quick = readMutants().filter(({isQuick}) => isQuick);
  expect(quick).not.toEqual([]);
  for (const mutant of quick) {
    expect((await sandbox.runHealthy(mutant, env)).failed, mutant.name).toEqual([]);
    expect((await sandbox.runMutated(mutant, env)).failed, mutant.name).not.toEqual([]);
  }
}, 600_000);
