import {run} from '@oclif/core/run';
import {settings} from '@oclif/core/settings';
import {catchCrashes, endProcess} from '../process/end-process.js';
import {reportError} from '../process/report-error.js';
import {isStderrLog, watchStderr} from '../process/stderr.js';
import {watchStdout} from '../process/stdout.js';
import {normalizeCommandLine} from './command-line.js';
import {readManifest} from './manifest.js';
import {requestedExit, toCommandError} from './usage-errors.js';

/** Runs a command by oclif and ends the process. */
export async function runOclif(argv: readonly string[]): Promise<never> {
  catchCrashes();
  // A user's NODE_ENV=development must not make oclif look for TypeScript sources.
  settings.enableAutoTranspile = false;
  // oclif and listr2 write to both streams themselves.
  watchStdout();
  watchStderr();
  const manifest = readManifest();
  const words = normalizeCommandLine(argv, manifest);
  try {
    // oclif looks for package.json from this file upwards; it names the folder of the commands.
    await run([...words], import.meta.url);
  } catch (thrown) {
    const exit = requestedExit(thrown);
    if (exit === undefined) await report(toCommandError(thrown, words, manifest), words);
    else process.exitCode = exit;
  }
  return endProcess();
}

/** Reports a failure before any command runs. */
async function report(error: unknown, words: readonly string[]): Promise<void> {
  const json = words.includes('--json');
  if (words[0] !== 'serve' || json || !isStderrLog(words)) {
    reportError(error, json);
    return;
  }
  const {logFailure} = await import('../serve/stderr-log.js');
  await logFailure(error);
}
