import {hideSecrets} from './hide-secrets.js';
import {reportFailure} from './report-failure.js';
import {readPlainGetid} from './plain-getid.js';

/** Runs one command line to its end; the exit status is left in `process.exitCode`. */
export async function main(argv: readonly string[]): Promise<void> {
  hideSecrets(argv);
  if (argv[0] === '--version' || argv[0] === '-V') {
    const {version} = await import('../lib/version.js');
    process.stdout.write(`uniqueid ${version}\n`);
    return;
  }
  // What the shells' completion scripts ask; not a command for people.
  if (argv[0] === 'complete' && argv[1] === '--') {
    const {complete} = await import('./complete.js');
    await complete(argv.slice(2));
    return;
  }
  const plain = readPlainGetid(argv);
  if (plain === undefined) {
    const {runOclif} = await import('./run-oclif.js');
    await runOclif(argv);
    return;
  }
  try {
    const {takeIds} = await import('./take-ids.js');
    await takeIds(plain);
  } catch (error) {
    reportFailure(error, plain.json);
  }
}
