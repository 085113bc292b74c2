/** The phase of a server: during shutdown answers close their connections, and `/health` fails. */
export class Lifecycle {
  #isShuttingDown = false;

  get isShuttingDown(): boolean {
    return this.#isShuttingDown;
  }

  beginShutdown(): void {
    this.#isShuttingDown = true;
  }
}
