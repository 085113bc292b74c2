// Breaks each promise of the program in a copy of it, and checks that a test fails. Exit status: 0 if every
// mutant was caught, 1 if one was not, 2 for usage. Run as: npm run mutants -- [--quick] [--only TEXT]
import {parseArgs} from 'node:util';
import {
  findMariadb,
  findPostgres,
  startMariadb,
  startPostgres,
} from '../../test/helpers/databases/private-server.js';
import {readMutants, type Mutant} from './mutants.js';
import {Sandbox} from './sandbox.js';

const print = (line: string): void => void process.stdout.write(`${line}\n`);

const {values} = parseArgs({
  options: {quick: {type: 'boolean', default: false}, only: {type: 'string', default: ''}},
});
const wanted = readMutants().filter(
  ({name, breaks, isQuick}) => `${name} ${breaks}`.includes(values.only) && (isQuick || !values.quick),
);
if (wanted.length === 0) {
  process.stderr.write(`No mutant has ${JSON.stringify(values.only)} in its name or header.\n`);
  process.exit(2);
}

const servers = [
  findPostgres() === undefined ? undefined : await startPostgres(),
  findMariadb() === undefined ? undefined : await startMariadb(),
] as const;
const env = {
  ...process.env,
  UNIQUEID_TEST_POSTGRES_URL: servers[0]?.url,
  UNIQUEID_TEST_MYSQL_URL: servers[1]?.url,
};
const sandbox = new Sandbox();
let missed = 0;

/** Returns the verdict on a mutant: the test that caught it, or what is wrong with it. */
async function judge(mutant: Mutant): Promise<string> {
  const healthy = await sandbox.runHealthy(mutant, env);
  if (healthy.failed.length > 0)
    return `NOT SHOWN: fails without the patch too: ${healthy.failed.join('; ')}`;
  const {failed} = await sandbox.runMutated(mutant, env);
  const [first, ...others] = failed;
  if (first === undefined) return 'NOT CAUGHT';
  return `caught by "${first}"${others.length === 0 ? '' : ` and ${others.length} more`}`;
}

try {
  for (const mutant of wanted) {
    const started = performance.now();
    let verdict: string;
    try {
      verdict = await judge(mutant);
    } catch (error) {
      verdict = `NOT SHOWN: ${String(error)}`;
    }
    if (!verdict.startsWith('caught')) missed++;
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    print(
      `[${mutant.invariants.join(', ')}] ${mutant.name}: ${mutant.breaks} (${seconds} s)\n    ${verdict}`,
    );
  }
} finally {
  await sandbox.remove();
  for (const server of servers) await server?.remove();
}
print(`${wanted.length - missed} of ${wanted.length} caught`);
process.exitCode = missed > 0 ? 1 : 0;
