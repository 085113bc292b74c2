import {connect, type Socket} from 'node:net';

/** One connection that requests a range as soon as it has received the one before. */
export class Asker {
  readonly #socket: Socket;
  readonly #mode: string;
  readonly #nextRange: () => number | undefined;
  readonly #record: (start: number, end: number) => void;
  #received = '';
  #range = 0;
  /** Rejected if an answer is not the requested range. */
  readonly finished: Promise<void>;

  /**
   * @param nextRange returns the count of the next request; `undefined` ends the connection
   * @param record called with each range
   */
  constructor(
    port: number,
    mode: string,
    nextRange: () => number | undefined,
    record: (start: number, end: number) => void,
  ) {
    this.#mode = mode;
    this.#nextRange = nextRange;
    this.#record = record;
    this.#socket = connect({port, host: '127.0.0.1', noDelay: true});
    this.finished = new Promise((resolve, reject) => {
      this.#socket.on('error', reject);
      this.#socket.on('close', () => {
        reject(new Error(`the server ended a connection after ${this.#received}`));
      });
      this.#socket.setEncoding('latin1').on('data', (chunk) => {
        this.#received += String(chunk);
        if (!this.#received.endsWith('}')) return;
        try {
          if (this.#read()) this.#ask(resolve);
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
      this.#socket.on('connect', () => {
        this.#ask(resolve);
      });
    });
  }

  #ask(resolve: () => void): void {
    const range = this.#nextRange();
    if (range === undefined) {
      resolve();
      this.#socket.destroy();
      return;
    }
    this.#range = range;
    this.#socket.write(`GET /getid?range=${range}&mode=${this.#mode} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  }

  /** @returns true if the answer is complete */
  #read(): boolean {
    const [, head, end, start] =
      /^(HTTP\/1\.1 200 OK\r\n[^{]*\r\n\r\n)\{"endIndex": (\d+), "startIndex": (\d+)\}$/.exec(
        this.#received,
      ) ?? [];
    if (head === undefined) throw new Error(`this is not a range: ${this.#received}`);
    this.#received = '';
    if (Number(end) - Number(start) + 1 !== this.#range)
      throw new Error(`${this.#range} were requested, but the answer is ${start}..${end}`);
    this.#record(Number(start), Number(end));
    return true;
  }
}
