import {reportError} from './report-error.js';
import {flushStderr, say} from './stderr.js';
import {assertPrinted, isStdoutFailure} from './stdout.js';

/** Reports a failure that nothing caught. */
type CrashReporter = (error: unknown) => Promise<void>;

let reportCrash: CrashReporter = (error) => {
  reportError(error, false);
  return Promise.resolve();
};

/** Sets who reports a bug, such as the log of a service. */
export function setCrashReporter(reporter: CrashReporter): void {
  reportCrash = reporter;
}

/** Ends the process with status 1 at a failure that nothing caught, which is a bug; Node would print the bundled source. */
export function catchCrashes(): void {
  // The build for other command lines takes over from the one for a plain getid.
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => {
    // oclif throws what stdout reports.
    if (isStdoutFailure(error)) return;
    void reportCrash(error)
      .then(flushStderr)
      .finally(() => process.exit(1));
  });
  printWarnings();
}

/** Takes the place of Node, which writes warnings of the process to stderr as they are. */
function printWarnings(): void {
  // With NODE_NO_WARNINGS it writes none.
  if (process.listenerCount('warning') === 0) return;
  process.removeAllListeners('warning');
  process.on('warning', ({name, message}) => {
    say(`(${name}) ${message}`);
  });
}

/**
 * Ends the process once its output is written. It does not wait for anything else: a database connection that died
 * silently would keep it alive for minutes.
 */
export async function endProcess(): Promise<never> {
  try {
    await assertPrinted();
  } catch (error) {
    const status = process.exitCode ?? 0;
    reportError(error, false);
    // The failure of the command itself counts.
    if (status !== 0) process.exitCode = status;
  }
  await flushStderr();
  process.exit();
}
