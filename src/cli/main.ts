import {catchCrashes, endProcess} from './end-process.js';
import type {GetidOptions} from './getid-options.js';
import {hideSecrets} from './hide-secrets.js';
import {closeUnaskedInspector} from './inspector.js';
import {reportFailure} from './report-failure.js';
import {readPlainGetid} from './plain-getid.js';
import {printExact} from './stdout.js';

/** Runs one command line and ends the process. */
export async function main(argv: readonly string[]): Promise<void> {
  hideSecrets(argv);
  closeUnaskedInspector();
  const plain = readPlainGetid(argv);
  if (plain === undefined && !isSmall(argv)) {
    // It is in another bundle, whose modules are not those of this one: it ends the process by itself.
    const {runOclif} = await import('./run-oclif.js');
    return runOclif(argv);
  }
  catchCrashes();
  try {
    await (plain === undefined ? runSmall(argv) : getid(plain));
  } catch (error) {
    reportFailure(error, plain?.json ?? false);
  }
  return endProcess();
}

/** What needs neither oclif nor a configuration: the version, and what the shells' completion scripts ask. */
function isSmall([first, second]: readonly string[]): boolean {
  return first === '--version' || first === '-V' || (first === 'complete' && second === '--');
}

async function runSmall(argv: readonly string[]): Promise<void> {
  if (argv[0] === 'complete') {
    const {complete} = await import('./complete.js');
    await complete(argv.slice(2));
  } else {
    const {version} = await import('../lib/version.js');
    printExact(`uniqueid ${version}\n`);
  }
}

async function getid(options: GetidOptions): Promise<void> {
  const {takeIds} = await import('./take-ids.js');
  await takeIds(options);
}
