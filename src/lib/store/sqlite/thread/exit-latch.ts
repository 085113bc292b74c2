const IDLE = 0;
const BUSY = 1;
const CLOSED = 2;

/**
 * Keeps a process from ending while its other thread is inside the SQLite driver: better-sqlite3 aborts the process
 * when it has an error to throw in a thread that is being ended (it asks V8 for an object and gets none).
 */
export class ExitLatch {
  readonly #state: Int32Array;

  /** @param memory shared by both threads: four bytes, zero at first */
  constructor(memory: SharedArrayBuffer) {
    this.#state = new Int32Array(memory);
  }

  /** Does something inside the driver, unless the process is ending: then never, and nobody is there to be told. */
  enter<T>(work: () => T): T | Promise<never> {
    if (Atomics.compareExchange(this.#state, 0, IDLE, BUSY) !== IDLE) return new Promise(() => undefined);
    try {
      return work();
    } finally {
      Atomics.compareExchange(this.#state, 0, BUSY, IDLE);
      Atomics.notify(this.#state, 0);
    }
  }

  /** Lets nothing pass any more, and waits until what is inside is out, but no longer than so many milliseconds. */
  close(limitMs: number): void {
    const deadline = performance.now() + limitMs;
    for (;;) {
      const left = deadline - performance.now();
      if (Atomics.compareExchange(this.#state, 0, IDLE, CLOSED) !== BUSY || left <= 0) return;
      Atomics.wait(this.#state, 0, BUSY, left);
    }
  }
}
