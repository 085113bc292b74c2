import {errorTable, toUniqueIDError} from '../lib/core/errors.js';
import {version} from '../lib/util/version.js';
import {catchCrashes, endProcess} from './process/end-process.js';
import type {GetidOptions} from './getid/flags.js';
import {hideSecrets} from './process/hide-secrets.js';
import {closeUnaskedInspector} from './process/inspector.js';
import {parseFastArguments} from './getid/fast-arguments.js';
import {reportError} from './process/report-error.js';
import {printExact} from './process/stdout.js';
import {printAllocation} from './getid/local.js';
import {parseGetid} from './getid/request.js';
import {canPrompt} from './terminal/traits.js';
import {assumeUserVariables} from './process/unknown-user.js';

/** Runs one command line and ends the process. */
export async function main(argv: readonly string[]): Promise<void> {
  hideSecrets(argv);
  assumeUserVariables();
  closeUnaskedInspector();
  const plain = parseFastArguments(argv);
  if (plain !== undefined) return runPlainGetid(argv, plain);
  if (argv.length === 1 && ['--version', '-v', '-V', 'version'].includes(argv[0] ?? '')) {
    catchCrashes();
    printExact(`uniqueid ${version}\n`);
    return endProcess();
  }
  if (argv[0] === 'complete' && argv[1] === '--') {
    const {runCompletion} = await import('./completion/candidates.js');
    return runCompletion(argv.slice(2));
  }
  return runOclif(argv);
}

async function runPlainGetid(
  argv: readonly string[],
  options: GetidOptions & {readonly mode: string},
): Promise<void> {
  catchCrashes();
  let isLocal = false;
  try {
    const request = parseGetid(options);
    isLocal = request.server === undefined;
    await printAllocation(request, options.mode);
  } catch (thrown) {
    // Nothing was allocated, so oclif's build can start over: it holds the prompt that offers dbsync.
    const needsDbsync = isLocal && toUniqueIDError(thrown).exitStatus === errorTable.DATABASE_MISSING.exit;
    if (needsDbsync && canPrompt(options.json)) return runOclif(argv);
    reportError(thrown, options.json);
  }
  return endProcess();
}

async function runOclif(argv: readonly string[]): Promise<void> {
  const module = await import('./oclif/run.js');
  return module.runOclif(argv);
}
