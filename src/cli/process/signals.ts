import {isatty} from 'node:tty';

const STDERR = 2;

/** Exit statuses by the shells' convention: 128 and the signal's number. */
const statuses = {SIGINT: 130, SIGTERM: 143} as const;

const names = ['SIGINT', 'SIGTERM'] as const;

const endings = new Map(names.map((name) => [name, () => process.exit(statuses[name])]));

/**
 * Ends the process at SIGINT or SIGTERM until `waitForShutdownSignal` takes over. The kernel's default action
 * does not end process 1 of a container.
 */
export function endAtSignal(): void {
  for (const [name, end] of endings) process.on(name, end);
}

/** Waits for SIGINT or SIGTERM; a second one ends the process immediately. */
export function shutdownSignal(): Promise<void> {
  return new Promise((resolve) => {
    let stopping = false;
    for (const [name, end] of endings) process.off(name, end);
    for (const name of names) {
      process.on(name, () => {
        if (stopping) process.exit(statuses[name]);
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
  let hasCome = false;
  let act = (): void => {
    hasCome = true;
  };
  process.on('SIGHUP', () => {
    // The kernel returns EIO for a closed terminal.
    if (hadTerminal && !isatty(STDERR)) process.kill(process.pid, 'SIGTERM');
    else act();
  });
  return (work) => {
    act = work;
    if (hasCome) work();
  };
}

/** Runs `work` until it is done or SIGINT or SIGTERM arrives; a signal ends the process with its status. */
export async function endOnSignal(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const stop = new AbortController();
  let status: number | undefined;
  for (const name of names) {
    process.once(name, () => {
      status = statuses[name];
      stop.abort();
    });
  }
  await Promise.race([work(stop.signal), once(stop.signal)]);
  // The work may still wait for an answer, which would keep the process alive.
  if (status !== undefined) process.exit(status);
}

function once(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => {
      resolve();
    });
  });
}
