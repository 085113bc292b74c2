const IDLE = 0;
const BUSY = 1;
const CLOSED = 2;

/**
 * Keeps a process from ending while its other thread is inside the SQLite driver. If better-sqlite3 throws an
 * error in a thread that is being ended, it aborts the process: it asks V8 for an object and gets none.
 */
export class ExitLatch {
  readonly #state: Int32Array;

  /** @param memory four bytes, shared by both threads and initially zero */
  constructor(memory: SharedArrayBuffer) {
    this.#state = new Int32Array(memory);
  }

  /** Runs `work` inside the driver. If the process is ending, does not run it and never settles. */
  enter<T>(work: () => Promise<T>): Promise<T> {
    if (Atomics.compareExchange(this.#state, 0, IDLE, BUSY) !== IDLE) return new Promise(() => undefined);
    try {
      return work();
    } finally {
      Atomics.compareExchange(this.#state, 0, BUSY, IDLE);
      Atomics.notify(this.#state, 0);
    }
  }

  /** Blocks new calls and waits up to `limitMs` for the running one. */
  close(limitMs: number): void {
    const deadline = performance.now() + limitMs;
    for (;;) {
      const remainingMs = deadline - performance.now();
      if (Atomics.compareExchange(this.#state, 0, IDLE, CLOSED) !== BUSY || remainingMs <= 0) return;
      Atomics.wait(this.#state, 0, BUSY, remainingMs);
    }
  }
}
