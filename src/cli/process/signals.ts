import {isatty} from 'node:tty';

const STDERR = 2;

/** Exit statuses of a process that a signal ended, as shells count them. */
const statuses = {SIGINT: 130, SIGTERM: 143} as const;

const names = ['SIGINT', 'SIGTERM'] as const;

const endings = new Map(names.map((name) => [name, () => process.exit(statuses[name])]));

/**
 * Ends the process at SIGINT or SIGTERM, until `shutdownSignal` takes over. Without a word the system would do so too,
 * but not to the first process of a container.
 */
export function endAtSignal(): void {
  for (const [name, end] of endings) process.on(name, end);
}

/** Waits for SIGINT or SIGTERM. From then on a second one ends the process at once. */
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
 * From now on SIGHUP does not end the process, unless it tells that the terminal was closed: a service that nobody sees
 * would keep its port.
 *
 * @returns says what it does instead; where it came before that was known, it is done at once
 */
export function catchHangUp(): (work: () => void) => void {
  const hadTerminal = isatty(STDERR);
  let hasCome = false;
  let act = (): void => {
    hasCome = true;
  };
  process.on('SIGHUP', () => {
    // The system answers EIO for a terminal that is gone.
    if (hadTerminal && !isatty(STDERR)) process.kill(process.pid, 'SIGTERM');
    else act();
  });
  return (work) => {
    act = work;
    if (hasCome) work();
  };
}

/** Does something until a signal comes or it is done, and then ends the process: with the signal's status, or 0. */
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
  // Work that still waits for an answer would go on.
  if (status !== undefined) process.exit(status);
}

function once(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => {
      resolve();
    });
  });
}
