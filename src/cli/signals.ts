/** Exit statuses of a process that a signal ended, as shells count them. */
const statuses = {SIGINT: 130, SIGTERM: 143} as const;

/** Waits for SIGINT or SIGTERM. From then on a second one ends the process at once. */
export function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    let stopping = false;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        if (stopping) process.exit(statuses[signal]);
        stopping = true;
        resolve();
      });
    }
  });
}
