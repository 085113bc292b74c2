import {reportError} from './report-error.js';
import {flushStderr, printNotice} from './stderr.js';
import {assertPrinted, isStdoutFailure} from './stdout.js';

type CrashReporter = (error: unknown) => Promise<void>;

let reportCrash: CrashReporter = (error) => {
  reportError(error, false);
  return Promise.resolve();
};

/** Sets the function that reports an uncaught error, such as the log of a service. */
export function setCrashReporter(reporter: CrashReporter): void {
  reportCrash = reporter;
}

let reportWarning: (text: string) => void = printNotice;

/** Sets the function that reports a warning of Node, such as the log of a service. */
export function setWarningReporter(reporter: (text: string) => void): void {
  reportWarning = reporter;
}

/**
 * Ends the process with status 1 at an uncaught error, which is a bug; Node would print the bundled source.
 */
export function catchCrashes(): void {
  // A plain getid is a separate bundle with its own handler; oclif's bundle may be loaded after it.
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => {
    // oclif rethrows the error of stdout; `assertPrinted` reports it.
    if (isStdoutFailure(error)) return;
    void reportCrash(error)
      .then(flushStderr)
      .finally(() => process.exit(1));
  });
  printWarnings();
}

/** Prints process warnings with hidden characters made visible; Node prints them raw. */
function printWarnings(): void {
  // NODE_NO_WARNINGS removes Node's listener.
  if (process.listenerCount('warning') === 0) return;
  process.removeAllListeners('warning');
  process.on('warning', ({name, message}) => {
    reportWarning(`(${name}) ${message}`);
  });
}

/**
 * Ends the process after its output is written. Waits for nothing else, because a dead database connection
 * would keep the process alive for minutes.
 */
export async function endProcess(): Promise<never> {
  try {
    await assertPrinted();
  } catch (error) {
    const status = process.exitCode ?? 0;
    reportError(error, false);
    // The status of the command's own failure wins.
    if (status !== 0) process.exitCode = status;
  }
  await flushStderr();
  process.exit();
}
