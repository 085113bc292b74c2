import {isatty} from 'node:tty';

const STDERR = 2;

/** Exit statuses by the shells' convention: 128 and the signal's number. */
const exitStatuses = {SIGINT: 130, SIGTERM: 143} as const;

const shutdownSignals = ['SIGINT', 'SIGTERM'] as const;

const exitHandlers = new Map(shutdownSignals.map((name) => [name, () => process.exit(exitStatuses[name])]));

/**
 * Ends the process at SIGINT or SIGTERM until `waitForShutdownSignal` takes over. The kernel's default action
 * does not end process 1 of a container.
 */
export function exitOnSignal(): void {
  for (const [name, end] of exitHandlers) process.on(name, end);
}

/** Waits for SIGINT or SIGTERM; a second one ends the process immediately. */
export function waitForShutdownSignal(): Promise<void> {
  return new Promise((resolve) => {
    let stopping = false;
    for (const [name, end] of exitHandlers) process.off(name, end);
    for (const name of shutdownSignals) {
      process.on(name, () => {
        if (stopping) process.exit(exitStatuses[name]);
        stopping = true;
        resolve();
      });
    }
  });
}

/**
 * Catches SIGHUP. It ends the process only if the terminal was closed, because an invisible service would
 * keep its port.
 *
 * @returns sets the handler of SIGHUP, and calls it if the signal has already arrived
 */
export function catchHangUp(): (work: () => void) => void {
  const hadTerminal = isatty(STDERR);
  let hasArrived = false;
  let handler = (): void => {
    hasArrived = true;
  };
  process.on('SIGHUP', () => {
    // The kernel returns EIO for a closed terminal.
    if (hadTerminal && !isatty(STDERR)) process.kill(process.pid, 'SIGTERM');
    else handler();
  });
  return (work) => {
    handler = work;
    if (hasArrived) work();
  };
}

/** Runs `work` until it is done or SIGINT or SIGTERM arrives; a signal ends the process with its status. */
export async function runUntilSignal(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const stop = new AbortController();
  let status: number | undefined;
  for (const name of shutdownSignals) {
    process.once(name, () => {
      status = exitStatuses[name];
      stop.abort();
    });
  }
  await Promise.race([work(stop.signal), aborted(stop.signal)]);
  // The work may still wait for an answer, which would keep the process alive.
  if (status !== undefined) process.exit(status);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => {
      resolve();
    });
  });
}
